// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Question } from '../../api/unanswered.ts'
import { Questions, QuestionsLink } from './Questions.tsx'

vi.mock('@tanstack/react-router', () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="#questions">{children}</a>,
}))
const server = vi.hoisted(() => ({ list: vi.fn(), dismiss: vi.fn(), takeUp: vi.fn(), publish: vi.fn() }))
vi.mock('../../api/unanswered.ts', () => ({
  questionsQuery: (slug: string) => ({
    queryKey: [slug, 'knowledge', 'unanswered'],
    queryFn: server.list,
    initialPageParam: '',
    getNextPageParam: () => undefined,
  }),
  dismissQuestion: server.dismiss,
  takeUpQuestion: server.takeUp,
}))
vi.mock('../../api/knowledge.ts', () => ({
  publishCard: server.publish,
  knowledgeKeys: { all: (slug: string) => [slug, 'knowledge'] },
}))

const boats: Question = {
  id: 'q1',
  question: 'Do you repair boats?',
  count: 3,
  lastAskedAt: new Date(),
  others: ['boat repair'],
}
const page = (...rows: Question[]) => ({ rows, total: rows.length, next: undefined })

beforeEach(() => {
  for (const call of Object.values(server)) call.mockReset().mockResolvedValue(undefined)
  server.list.mockResolvedValue(page(boats))
})

function show(what: ReactNode) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>{what}</QueryClientProvider>
    </MantineProvider>,
  )
}

it('tells how many questions wait, and is not there when none does', async () => {
  show(<QuestionsLink slug="acme" />)
  expect(await screen.findByRole('link', { name: '1 question without an answer' })).toBeTruthy()
})

it('says how often a question was asked and in which other words', async () => {
  show(<Questions slug="acme" />)
  expect(await screen.findByText('Do you repair boats?')).toBeTruthy()
  expect(screen.getByText(/Asked 3 times/)).toBeTruthy()
  expect(screen.getByText('boat repair')).toBeTruthy()
})

it('publishes the answer that is written to a question', async () => {
  show(<Questions slug="acme" />)
  await userEvent.click(await screen.findByRole('button', { name: 'Write the answer' }))
  expect(screen.getByRole('textbox', { name: 'Question' })).toHaveProperty('value', 'Do you repair boats?')
  await userEvent.type(screen.getByRole('textbox', { name: 'Answer' }), 'Yes.')
  await userEvent.click(screen.getByRole('button', { name: 'Publish' }))
  const card = { answers: 'q1', question: 'Do you repair boats?', answer: 'Yes.' }
  await waitFor(() =>
    expect(server.publish).toHaveBeenCalledExactlyOnceWith('acme', card, expect.any(String)),
  )
})

it('dismisses a question and takes it up again', async () => {
  show(<Questions slug="acme" />)
  const dismiss = await screen.findByRole('button', { name: 'Dismiss' })
  server.list.mockResolvedValue(page())
  await userEvent.click(dismiss)
  expect(server.dismiss).toHaveBeenCalledExactlyOnceWith('acme', 'q1')
  expect(await screen.findByText('Every question had an answer')).toBeTruthy()
  server.list.mockResolvedValue(page(boats))
  await userEvent.click(screen.getByRole('button', { name: 'Undo' }))
  expect(server.takeUp).toHaveBeenCalledExactlyOnceWith('acme', 'q1')
  expect(await screen.findByRole('button', { name: 'Dismiss' })).toBeTruthy()
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull()
})

it('says when the questions cannot be read', async () => {
  server.list.mockRejectedValue(new Error('away'))
  show(<Questions slug="acme" />)
  expect(await screen.findByRole('button', { name: 'Try again' })).toBeTruthy()
})
