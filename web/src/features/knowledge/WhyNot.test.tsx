// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Expected, Passage } from '../../api/knowledge.ts'
import { Problem } from '../../api/problem.ts'
import { WhyNot } from './WhyNot.tsx'

type Change = { search: (old: object) => object }
const navigate = vi.hoisted(() => vi.fn<(change: Change) => void>())
vi.mock('@tanstack/react-router', () => ({
  useNavigate: () => navigate,
  Link: ({ children }: { children: ReactNode }) => <a href="#item">{children}</a>,
}))
const server = vi.hoisted(() => ({ expected: vi.fn(), items: vi.fn() }))
vi.mock('../../api/knowledge.ts', () => ({
  expectedQuery: (...asked: string[]) => ({
    queryKey: ['expected', ...asked],
    queryFn: () => server.expected(...asked),
  }),
  itemsQuery: (slug: string, search: string) => ({
    queryKey: ['items', slug, search],
    queryFn: () => server.items(search),
    initialPageParam: '',
    getNextPageParam: () => undefined,
  }),
}))
beforeEach(() => {
  navigate.mockReset()
  server.expected.mockReset()
  server.items.mockReset()
})

const passage = (text: string, score: number): Passage => ({
  id: text,
  itemId: 'i1',
  title: 'Garage',
  path: [],
  text,
  source: 'paste',
  url: undefined,
  place: undefined,
  changedAt: new Date('2026-01-01T00:00:00Z'),
  highlights: [],
  score,
  stages: [{ name: 'words', score }],
})

const expected = (change: Partial<Expected>): Expected => ({
  itemId: 'i1',
  title: 'Garage',
  verdict: 'outranked',
  problem: undefined,
  rank: 9,
  scored: 40,
  passage: passage('The garage closes at ten.', 0.25),
  answer: { action: 'refuse', confidence: 0.31, threshold: 0.5, usesItem: false },
  ...change,
})

function show(expect?: string) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>
        <WhyNot slug="acme" question="when?" expect={expect} last={passage('Last shown.', 0.75)} />
      </QueryClientProvider>
    </MantineProvider>,
  )
}

it('has an entry chosen by a part of its title, and keeps the choice in the address', async () => {
  server.items.mockResolvedValue({ rows: [{ id: 'i7', title: 'Opening hours' }], total: 1, next: undefined })
  show()
  expect(server.items).not.toHaveBeenCalled()
  await userEvent.type(screen.getByRole('searchbox', { name: 'The entry that you expected' }), 'open')
  await userEvent.click(await screen.findByRole('button', { name: 'Opening hours' }))
  expect(navigate.mock.lastCall?.[0].search({ ask: 'when?' })).toEqual({ ask: 'when?', expect: 'i7' })
})

it('compares an entry that others came before with the last one shown, and says that nothing would be answered', async () => {
  server.expected.mockResolvedValue(expected({}))
  show('i1')
  expect(await screen.findByText(/its best passage stands in place 9 of 40/)).toBeTruthy()
  expect(server.expected).toHaveBeenCalledExactlyOnceWith('acme', 'when?', 'i1')
  expect(screen.getByText(/it is 31% sure, and 50% are needed/)).toBeTruthy()
  const fused = screen.getByRole('row', { name: /All together/ })
  expect(
    within(fused)
      .getAllByRole('cell')
      .map((cell) => cell.textContent),
  ).toEqual(['0.25', '0.75'])
})

it.each([
  [{ verdict: 'shown', rank: 2 }, /It was found: its best passage stands in place 2 of 40/],
  [{ verdict: 'unlike', rank: 0 }, /shares a word with the question/],
  [{ verdict: 'unlike', rank: 12 }, /Only the meaning spoke for it: place 12 of 40/],
  [{ verdict: 'passed', rank: 0, scored: 300 }, /300 other passages share more/],
  [{ verdict: 'filtered', rank: 0 }, /A filter leaves it out/],
  [{ verdict: 'not_ready', rank: 0 }, /has not been read to its end/],
  [{ verdict: 'not_readable', rank: 0, problem: 'There is no text in it.' }, /There is no text in it/],
] as const)('says in words what $verdict means', async (change, sentence) => {
  server.expected.mockResolvedValue(expected({ passage: undefined, ...change }))
  show('i1')
  expect(await screen.findByText(sentence)).toBeTruthy()
})

it.each([
  [{ action: 'answer', usesItem: true }, /would answer from this entry/],
  [{ action: 'answer', usesItem: false }, /but from other entries/],
  [{ action: 'silent', usesItem: false }, /would not take this for a question/],
])('says what the assistant would do', async (answer, sentence) => {
  server.expected.mockResolvedValue(expected({ answer: { confidence: 0.9, threshold: 0.5, ...answer } }))
  show('i1')
  expect(await screen.findByText(sentence)).toBeTruthy()
})

it('says when the entry is gone', async () => {
  const message = 'There is no such knowledge item.'
  server.expected.mockRejectedValue(new Problem({ status: 404, code: 'item_not_found', message }))
  show('i1')
  expect(await screen.findByRole('alert')).toBeTruthy()
})
