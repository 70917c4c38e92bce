// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '../../api/problem.ts'
import type { Task } from '../../api/tasks.ts'
import { TaskDetails } from './TaskDetails.tsx'
import { TaskList } from './TaskList.tsx'

vi.mock('@tanstack/react-router', () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="#there">{children}</a>,
}))
vi.mock('../audit/usePeople.ts', () => ({ usePeople: () => new Map() }))
const server = vi.hoisted(() => ({ list: vi.fn(), one: vi.fn(), resolve: vi.fn() }))
vi.mock('../../api/tasks.ts', () => ({
  taskKeys: { all: (slug: string) => [slug, 'tasks'] },
  tasksQuery: (slug: string, view: string) => ({
    queryKey: [slug, 'tasks', view],
    queryFn: server.list,
    initialPageParam: '',
    getNextPageParam: () => undefined,
  }),
  taskQuery: (slug: string, id: string) => ({ queryKey: [slug, 'tasks', 'one', id], queryFn: server.one }),
  resolveTask: server.resolve,
}))

const draft: Task = {
  id: 't1',
  kind: 'draft',
  status: 'open',
  title: 'How much is it?',
  description: '',
  blocks: [
    { id: 'asked', type: 'text_content', data: { label: 'Amina', text: 'How much is it, please?' } },
    { id: 'draft', type: 'draft_reply', data: { text: 'It is 5.' } },
    { id: 'why', type: 'key_value_pairs', data: { pairs: [{ key: 'confidence', value: '40 %' }] } },
    {
      id: 'from',
      type: 'document_link',
      data: { title: 'Prices', url: 'https://x.test/p', text: 'Five each.' },
    },
    { id: 'trap', type: 'document_link', data: { title: 'A trap', url: 'javascript:alert(1)' } },
    { id: 'photo', type: 'image_preview', data: { url: 'https://x.test/a.png', alt: 'A photo' } },
  ],
  draft: 'It is 5.',
  conversation: 'c1',
  contact: 'Amina',
  assignedTo: undefined,
  dueAt: new Date('2026-11-30T12:00:00Z'),
  overdue: true,
  createdAt: new Date('2026-11-30T11:00:00Z'),
  resolution: undefined,
}
const handOver: Task = { ...draft, kind: 'hand_over', draft: undefined, blocks: draft.blocks.slice(0, 1) }

beforeEach(() => {
  for (const call of Object.values(server)) call.mockReset()
  server.one.mockResolvedValue(draft)
  server.resolve.mockResolvedValue('Done.')
})

function show(what: ReactNode) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>{what}</QueryClientProvider>
    </MantineProvider>,
  )
  return userEvent.setup()
}
const decided = (r: object) =>
  expect(server.resolve).toHaveBeenCalledExactlyOnceWith('acme', 't1', r, expect.any(String))

it('shows every block, links to the web alone, and fetches no picture from elsewhere', async () => {
  show(<TaskDetails slug="acme" id="t1" mayPublish={false} />)
  expect(await screen.findByText('How much is it, please?')).toBeTruthy()
  expect(screen.getByText('40 %')).toBeTruthy()
  expect(screen.getByText('Five each.')).toBeTruthy()
  expect(screen.getByRole('link', { name: 'Prices' }).getAttribute('href')).toBe('https://x.test/p')
  expect(screen.getByText('A trap').closest('a')).toBeNull()
  expect(screen.queryByRole('img')).toBeNull()
  expect(screen.getByRole('link', { name: 'A photo' })).toBeTruthy()
  expect(screen.queryByRole('checkbox')).toBeNull()
})

it('lets a draft go with one touch, as it is', async () => {
  const user = show(<TaskDetails slug="acme" id="t1" mayPublish={false} />)
  await user.click(await screen.findByRole('button', { name: 'Approve and send' }))
  decided({ action: 'approved' })
})

it('lets it go in other words, and as knowledge', async () => {
  const user = show(<TaskDetails slug="acme" id="t1" mayPublish />)
  await user.click(await screen.findByRole('button', { name: 'Edit' }))
  const field = screen.getByRole('textbox', { name: 'Your reply' })
  await user.clear(field)
  await user.type(field, 'It is 6.')
  await user.click(screen.getByRole('checkbox'))
  await user.click(screen.getByRole('button', { name: 'Approve and send' }))
  decided({ action: 'approved', reply: 'It is 6.', publish: true })
})

it('sends it back only with what is to be changed', async () => {
  const user = show(<TaskDetails slug="acme" id="t1" mayPublish={false} />)
  await user.click(await screen.findByRole('button', { name: 'Send back' }))
  expect(screen.getByRole('button', { name: 'Send back' })).toHaveProperty('disabled', true)
  await user.type(screen.getByRole('textbox'), 'Name the currency')
  await user.click(screen.getByRole('button', { name: 'Send back' }))
  decided({ action: 'rework_requested', feedback: 'Name the currency' })
})

it.each([
  ['a', { action: 'approved' }],
  ['x', { action: 'rejected' }],
])('takes the key %s for a decision, unless somebody is typing', async (key, want) => {
  const user = show(<TaskDetails slug="acme" id="t1" mayPublish={false} />)
  await user.click(await screen.findByRole('button', { name: 'Edit' }))
  fireEvent.keyDown(screen.getByRole('textbox'), { key })
  expect(server.resolve).not.toHaveBeenCalled()
  fireEvent.keyDown(document.body, { key })
  await waitFor(() => decided(want))
})

it('asks for the words where nothing was drafted, and sends nothing empty', async () => {
  server.one.mockResolvedValue(handOver)
  const user = show(<TaskDetails slug="acme" id="t1" mayPublish={false} />)
  const field = await screen.findByRole('textbox', { name: 'Your reply' })
  expect(screen.queryByRole('button', { name: 'Send back' })).toBeNull()
  fireEvent.keyDown(document.body, { key: 'a' })
  expect(server.resolve).not.toHaveBeenCalled()
  await user.type(field, 'Here I am.')
  await user.click(screen.getByRole('button', { name: 'Approve and send' }))
  decided({ action: 'approved', reply: 'Here I am.' })
})

it('says that somebody was faster', async () => {
  server.resolve.mockRejectedValue(
    new Problem({ status: 409, code: 'task_answered', message: 'Somebody has answered by hand.' }),
  )
  const user = show(<TaskDetails slug="acme" id="t1" mayPublish={false} />)
  await user.click(await screen.findByRole('button', { name: 'Approve and send' }))
  expect(await screen.findByText(/Somebody has answered by hand/)).toBeTruthy()
})

it('offers no decision on what has ended', async () => {
  server.one.mockResolvedValue({ ...draft, status: 'answered', resolution: { by: 'x', at: new Date() } })
  show(<TaskDetails slug="acme" id="t1" mayPublish />)
  expect((await screen.findAllByText('Answered by hand')).length).toBeGreaterThan(0)
  expect(screen.queryByRole('button')).toBeNull()
})

it('lists what waits, says when nothing does, and when it cannot be read', async () => {
  server.list.mockResolvedValueOnce({ rows: [draft], next: undefined, open: 1, mine: 0 })
  show(<TaskList slug="acme" view="open" />)
  expect(await screen.findByText('How much is it?')).toBeTruthy()
  expect(screen.getByText('Overdue')).toBeTruthy()
  server.list.mockResolvedValueOnce({ rows: [], next: undefined, open: 0, mine: 0 })
  show(<TaskList slug="other" view="open" />)
  expect(await screen.findByText('Nothing waits for you')).toBeTruthy()
  server.list.mockRejectedValue(new Problem({ status: 403, code: 'forbidden', message: 'No.' }))
  show(<TaskList slug="third" view="mine" />)
  expect(await screen.findByText('Not allowed')).toBeTruthy()
})
