import { expect, test } from 'vitest'
import { diffLines } from './diff.ts'

const marks = { same: ' ', gone: '-', new: '+' }
const shown = (a: string, b: string) => diffLines(a, b).map((line) => marks[line.kind] + line.text)

test.each([
  ['nothing changed', 'a\nb', 'a\nb', [' a', ' b']],
  ['a line in the middle', 'a\nb\nc', 'a\nx\nc', [' a', '-b', '+x', ' c']],
  ['a line more at the end', 'a', 'a\nb', [' a', '+b']],
  ['a line less at the start', 'a\nb', 'b', ['-a', ' b']],
  ['common lines between changes stay', 'a\nb\nc\nd', 'x\nb\nc\ny', ['-a', '+x', ' b', ' c', '-d', '+y']],
  ['a line said twice', 'a\na', 'a', [' a', '-a']],
])('%s', (_, before, after, want) => {
  expect(shown(before, after)).toEqual(want)
})

test('what is too long to compare is shown one after the other, whole', () => {
  const lines = (word: string) => Array.from({ length: 2_500 }, (_, i) => `${word} ${i}`).join('\n')
  const found = diffLines(lines('a'), lines('b'))
  expect(found.filter((line) => line.kind === 'gone')).toHaveLength(2_500)
  expect(found.filter((line) => line.kind === 'new')).toHaveLength(2_500)
})
