import { expect, it } from 'vitest'
import { csvOf, filesOf } from './files.ts'

it('tells the files of flomastr eval by their names, and names those that are none', () => {
  const names = ['queries.jsonl', 'qrels.tsv', 'docs.jsonl', 'unanswerable.jsonl', 'notes.pdf', 'more.jsonl']
  expect(filesOf(names.map((name) => ({ name, text: name })))).toEqual({
    files: {
      queries: 'queries.jsonl',
      qrels: 'qrels.tsv',
      documents: 'docs.jsonl',
      unanswerable: 'unanswerable.jsonl',
    },
    strange: ['notes.pdf', 'more.jsonl'],
  })
  expect(filesOf([{ name: 'Set.CSV', text: 'a' }]).files).toEqual({ csv: 'a' })
})

it('writes a set as CSV that the server reads back', () => {
  const item = (title: string | undefined) => ({ id: 'id', title })
  expect(
    csvOf([
      { text: 'When, please?', expected: [item('Hours'), item('Say "hi"')] },
      { text: 'Who won?', expected: [] },
      { text: 'Gone', expected: [item(undefined), item('a|b')] },
    ]),
  ).toBe('question,expected\n"When, please?","Hours | Say ""hi"""\nWho won?,\nGone,id | id\n')
})
