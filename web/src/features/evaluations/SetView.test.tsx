// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Comparison, Result, Run, Totals } from '../../api/evaluations.ts'
import { Problem } from '../../api/problem.ts'
import { needTexts } from '../../i18n/index.ts'
import { SetView } from './SetView.tsx'

const server = vi.hoisted(() => ({
  set: vi.fn(),
  runs: vi.fn(),
  results: vi.fn(),
  comparison: vi.fn(),
  begin: vi.fn(),
  cancel: vi.fn(),
  releases: vi.fn(),
}))
vi.mock('../../api/evaluations.ts', () => ({
  evaluationKeys: { all: (slug: string) => [slug, 'evaluations'] },
  setQuery: () => ({ queryKey: ['acme', 'evaluations', 'set'], queryFn: server.set }),
  runsQuery: () => ({ queryKey: ['acme', 'evaluations', 'runs'], queryFn: server.runs }),
  resultsQuery: (_slug: string, _set: string, run: Run, failedOnly: boolean) => ({
    queryKey: ['acme', 'evaluations', 'results', run.id, failedOnly],
    queryFn: () => server.results(run.id, failedOnly),
    initialPageParam: '',
    getNextPageParam: () => undefined,
  }),
  comparisonQuery: (...asked: string[]) => ({
    queryKey: ['acme', 'evaluations', 'comparison', ...asked],
    queryFn: () => server.comparison(...asked),
  }),
  beginRun: server.begin,
  cancelRun: server.cancel,
  removeSet: vi.fn(),
}))

vi.mock('../../api/releases.ts', () => ({
  releasesQuery: () => ({ queryKey: ['acme', 'releases'], queryFn: server.releases }),
}))

const totals = (change: Partial<Totals> = {}): Totals => ({
  questions: 3,
  right: 2,
  answerable: 2,
  answered_right: 1,
  answered_elsewhere: 0,
  refused_wrongly: 1,
  unanswerable: 1,
  refused_right: 1,
  answered_wrongly: 0,
  hit_at_1: 0.5,
  hit_at_5: 1,
  ndcg_at_10: 0.75,
  mrr_at_10: 0.75,
  ...change,
})
const run = (change: Partial<Run> = {}): Run => ({
  id: 'r1',
  status: 'finished',
  problem: undefined,
  total: 3,
  done: 3,
  totals: totals(),
  release: undefined,
  beganAt: new Date('2026-01-02T03:04:05Z'),
  ...change,
})
const result = (change: Partial<Result> = {}): Result => ({
  no: 1,
  text: 'When do you open?',
  expected: [{ id: 'i1', title: 'Hours' }],
  verdict: 'right',
  rank: 1,
  found: [{ id: 'i1', title: 'Hours' }],
  confidence: 0.8,
  reason: undefined,
  ...change,
})

beforeEach(async () => {
  await needTexts('manage')
  for (const call of Object.values(server)) call.mockReset()
  server.releases.mockResolvedValue([])
  server.set.mockResolvedValue({
    set: { id: 's1', name: 'Basics', count: 3, updatedAt: new Date(), last: undefined },
    questions: [],
  })
  server.results.mockResolvedValue({ results: [], next: undefined })
})

function show(chosen: { run?: string; before?: string } = {}) {
  const onLook = vi.fn()
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <SetView
          slug="acme"
          id="s1"
          run={chosen.run}
          before={chosen.before}
          onLook={onLook}
          onEdit={vi.fn()}
          onGone={vi.fn()}
        />
      </QueryClientProvider>
    </MantineProvider>,
  )
  return onLook
}

it('asks the release that is staged', async () => {
  server.runs.mockResolvedValue([])
  server.releases.mockResolvedValue([{ id: 'r1', name: 'Spring', state: 'staging' }])
  server.begin.mockResolvedValue(run({ status: 'running' }))
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Ask the release “Spring”' }))
  expect(server.begin).toHaveBeenCalledExactlyOnceWith('acme', 's1', 'r1')
})

it('says that a set was never asked, and asks it', async () => {
  server.runs.mockResolvedValue([])
  server.begin.mockResolvedValue(run({ status: 'running' }))
  const onLook = show()
  expect(await screen.findByText('These questions were never asked')).toBeTruthy()
  await userEvent.click(screen.getByRole('button', { name: 'Ask all questions' }))
  expect(server.begin).toHaveBeenCalledExactlyOnceWith('acme', 's1', undefined)
  expect(onLook).toHaveBeenCalledWith({})
})

it('says why a set cannot be asked now', async () => {
  server.runs.mockResolvedValue([])
  const message = 'This set is being asked already; wait for it, or cancel it.'
  server.begin.mockRejectedValue(new Problem({ status: 409, code: 'evaluation_running', message }))
  show()
  await userEvent.click(await screen.findByRole('button', { name: 'Ask all questions' }))
  expect((await screen.findByRole('alert')).textContent).toContain(message)
})

it('shows how far a run is, and cancels it', async () => {
  server.runs.mockResolvedValue([run({ status: 'running', done: 1, totals: undefined })])
  show()
  const bar = await screen.findByRole('progressbar', { name: '1 of 3 asked' })
  expect(bar.getAttribute('aria-valuenow')).toBe('33')
  await userEvent.click(screen.getByRole('button', { name: 'Cancel the run' }))
  expect(server.cancel).toHaveBeenCalledExactlyOnceWith('acme', 's1', 'r1')
})

it('shows the totals and each question with its verdict, as the server orders them', async () => {
  server.runs.mockResolvedValue([run()])
  server.results.mockResolvedValue({
    results: [
      result({ no: 2, text: 'Where?', verdict: 'not_found', rank: 0, reason: 'no word fits' }),
      result({ no: 1 }),
      result({ no: 3, text: 'Who won?', expected: [] }),
    ],
    next: undefined,
  })
  show()
  const rows = within(await screen.findByRole('list', { name: 'Questions' }))
  expect(rows.getByText('Not found')).toBeTruthy()
  expect(rows.getByText('not among the first ten')).toBeTruthy()
  expect(rows.getByText('Must not be answered')).toBeTruthy()
  expect(rows.getByText('no word fits')).toBeTruthy()
  expect(screen.getByText('Found first').parentElement?.textContent).toContain('50%')
  await userEvent.click(screen.getByRole('checkbox', { name: 'Only what failed' }))
  expect(server.results).toHaveBeenLastCalledWith('r1', true)
})

it('has no share of what was found where nothing should be found', async () => {
  server.runs.mockResolvedValue([run({ totals: totals({ answerable: 0, hit_at_1: 0 }) })])
  show()
  expect((await screen.findByText('Found first')).parentElement?.textContent).toContain('–')
})

it('compares a run with an earlier one: what got worse, what got better, and the totals', async () => {
  server.runs.mockResolvedValue([
    run({ id: 'r2' }),
    run({ id: 'cancelled', status: 'cancelled', totals: undefined }),
    run(),
  ])
  const compared: Comparison = {
    difference: totals({ right: -1, hit_at_1: 0.5, refused_wrongly: 1, answered_right: 0 }),
    better: [],
    worse: [{ before: result(), after: result({ verdict: 'refused', rank: 3 }) }],
    same: 2,
    others: 0,
  }
  server.comparison.mockResolvedValue(compared)
  const onLook = show({ before: 'r1' })
  expect(await screen.findByRole('heading', { name: 'Worse: 1' })).toBeTruthy()
  expect(server.comparison).toHaveBeenCalledExactlyOnceWith('acme', 's1', 'r2', 'r1')
  expect(screen.getByText('Found, not answered')).toBeTruthy()
  expect(screen.getByText('place 3')).toBeTruthy()
  expect(screen.getByText('−1').getAttribute('data-tone')).toBe('bad')
  expect(screen.getByText('+50%').getAttribute('data-tone')).toBe('ok')
  const select = screen.getByRole('combobox', { name: 'Compare with' })
  expect(within(select).getAllByRole('option')).toHaveLength(2)
  await userEvent.selectOptions(select, '')
  expect(onLook).toHaveBeenCalledWith({ run: 'r2' })
})

it.each([
  [403, 'forbidden'],
  [404, 'question_set_not_found'],
  [503, 'unavailable'],
])('shows the state of a failure with %i', async (status, code) => {
  server.set.mockRejectedValue(new Problem({ status, code, message: 'It cannot be read.' }))
  server.runs.mockResolvedValue([])
  show()
  expect(await screen.findByRole('alert')).toBeTruthy()
})
