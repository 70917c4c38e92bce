// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '../../api/problem.ts'
import { needTexts } from '../../i18n/index.ts'
import { SetForm } from './SetForm.tsx'

vi.mock('@tanstack/react-router', () => ({ useNavigate: () => vi.fn(), Link: () => null }))
const server = vi.hoisted(() => ({ save: vi.fn(), import: vi.fn(), items: vi.fn(), set: vi.fn() }))
vi.mock('../../api/knowledge.ts', () => ({
  expectedQuery: vi.fn(),
  itemsQuery: (_: string, search: string) => ({
    queryKey: ['items', search],
    queryFn: () => server.items(search),
    initialPageParam: '',
    getNextPageParam: () => undefined,
  }),
}))
vi.mock('../../api/evaluations.ts', () => ({
  evaluationKeys: { all: (slug: string) => [slug, 'evaluations'] },
  setQuery: () => ({ queryKey: ['set'], queryFn: server.set }),
  saveSet: server.save,
  importSet: server.import,
}))

beforeEach(async () => {
  await needTexts('manage')
  for (const call of Object.values(server)) call.mockReset()
})

function show(id?: string) {
  const onSaved = vi.fn()
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <SetForm slug="acme" id={id} onSaved={onSaved} />
      </QueryClientProvider>
    </MantineProvider>,
  )
  return onSaved
}

const button = (name: string) => screen.getByRole('button', { name })

it('saves questions that were typed, with the entries that answer them', async () => {
  server.items.mockResolvedValue({ rows: [{ id: 'i1', title: 'Opening hours' }], total: 1, next: undefined })
  server.save.mockResolvedValue('s1')
  const onSaved = show()
  await userEvent.type(screen.getByRole('textbox', { name: 'Name' }), 'Basics')
  expect(button('Save')).toHaveProperty('disabled', true)
  await userEvent.type(screen.getByRole('textbox', { name: 'Question 1' }), 'When?')
  await userEvent.click(button('Entry that answers it'))
  await userEvent.type(screen.getByRole('searchbox'), 'open{Enter}')
  expect(server.save).not.toHaveBeenCalled()
  await userEvent.click(await screen.findByRole('button', { name: 'Opening hours' }))
  await userEvent.click(button('Another question'))
  await userEvent.click(button('Save'))
  expect(server.save.mock.lastCall?.slice(0, 4)).toEqual([
    'acme',
    undefined,
    'Basics',
    [{ text: 'When?', expected: [{ id: 'i1', title: 'Opening hours' }] }],
  ])
  expect(onSaved).toHaveBeenCalledWith('s1')
})

it('saves a table that was pasted, and says which line is wrong', async () => {
  server.import.mockRejectedValue(
    new Problem({
      status: 422,
      code: 'questions_invalid',
      message: 'Some questions cannot be taken; nothing was saved.',
      fields: [{ location: 'body.csv line 2', message: 'expects an item that is not in the knowledge' }],
    }),
  )
  show()
  await userEvent.type(screen.getByRole('textbox', { name: 'Name' }), 'Basics')
  await userEvent.click(button('Table or files'))
  await userEvent.click(screen.getByRole('textbox', { name: 'Table (CSV)' }))
  await userEvent.paste('question,expected\nWhen?,Nowhere\n')
  await userEvent.click(button('Save'))
  expect(server.import.mock.lastCall?.slice(1, 4)).toEqual([
    undefined,
    'Basics',
    { csv: 'question,expected\nWhen?,Nowhere\n' },
  ])
  expect((await screen.findByRole('alert')).textContent).toContain('csv line 2 expects an item')
})

it('takes the files of flomastr eval, and names one that it does not use', async () => {
  server.import.mockResolvedValue('s1')
  show()
  await userEvent.type(screen.getByRole('textbox', { name: 'Name' }), 'Files')
  await userEvent.click(button('Table or files'))
  const input = document.querySelector<HTMLInputElement>('input[type="file"]')
  await userEvent.upload(input as HTMLInputElement, [
    new File(['{"id":"q","text":"When?"}'], 'queries.jsonl'),
    new File(['q\tHours\t1'], 'qrels.tsv'),
    new File(['x'], 'other.txt'),
  ])
  expect(await screen.findByText('Not used: other.txt')).toBeTruthy()
  await userEvent.click(button('Save'))
  expect(server.import.mock.lastCall?.[3]).toEqual({
    queries: '{"id":"q","text":"When?"}',
    qrels: 'q\tHours\t1',
  })
})

it('opens a long set as a table', async () => {
  const questions = Array.from({ length: 41 }, (_, n) => ({ text: `Question ${n}`, expected: [] }))
  server.set.mockResolvedValue({
    set: { id: 's1', name: 'Long', count: 41, updatedAt: new Date(), last: undefined },
    questions,
  })
  show('s1')
  const table = await screen.findByRole<HTMLTextAreaElement>('textbox', { name: 'Table (CSV)' })
  expect(table.value.split('\n')).toHaveLength(43)
})
