// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '../../api/problem.ts'
import type { Release } from '../../api/releases.ts'
import { needTexts } from '../../i18n/index.ts'
import { ReleaseView } from './ReleaseView.tsx'

const server = vi.hoisted(() => ({
  release: vi.fn(),
  text: vi.fn(),
  promote: vi.fn(),
  rollBack: vi.fn(),
  drop: vi.fn(),
}))
vi.mock('../../api/releases.ts', () => ({
  releaseQuery: () => ({ queryKey: ['acme', 'releases', 'r'], queryFn: server.release }),
  changeTextQuery: () => ({ queryKey: ['acme', 'releases', 'text'], queryFn: server.text }),
  promoteRelease: server.promote,
  rollBackRelease: server.rollBack,
  dropChange: server.drop,
  discardRelease: vi.fn(),
}))

const release = (change: Partial<Release> = {}): Release => ({
  id: 'r',
  name: 'Spring',
  state: 'ready',
  count: 1,
  canRollBack: false,
  changedAt: new Date('2026-03-01T10:00:00Z'),
  changes: [
    { id: 'c', kind: 'replace', title: 'Hours', status: 'ready', error: undefined, conflict: undefined },
  ],
  ...change,
})

function show() {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <MantineProvider>
      <QueryClientProvider client={queries}>
        <ReleaseView slug="acme" id="r" onAdd={vi.fn()} onGone={vi.fn()} measure={null} />
      </QueryClientProvider>
    </MantineProvider>,
  )
}

beforeEach(async () => {
  await needTexts('manage')
  server.release.mockReset()
  server.promote.mockReset()
})

it('promotes after a question, and shows why the server refuses', async () => {
  server.release.mockResolvedValue(release())
  server.promote.mockRejectedValue(
    new Problem({ status: 409, code: 'release_conflict', message: 'Some entries have changed.' }),
  )
  const user = userEvent.setup()
  show()
  await user.click(await screen.findByRole('button', { name: 'Promote' }))
  const dialog = await screen.findByRole('dialog')
  expect(server.promote).not.toHaveBeenCalled()
  await user.click(within(dialog).getByRole('button', { name: 'Promote' }))
  expect(await screen.findByText(/Some entries have changed/)).toBeTruthy()
})

it('names the change that was overtaken', async () => {
  const [change] = release().changes
  server.release.mockResolvedValue(
    release({
      state: 'staging',
      changes: change ? [{ ...change, conflict: 'This entry was deleted since.' }] : [],
    }),
  )
  show()
  expect(await screen.findByText('This entry was deleted since.')).toBeTruthy()
})

it('offers the way back only of the release that was promoted last', async () => {
  server.release.mockResolvedValue(release({ state: 'promoted', canRollBack: true }))
  show()
  expect(await screen.findByRole('button', { name: 'Roll back' })).toBeTruthy()
  expect(screen.queryByRole('button', { name: 'Promote' })).toBeNull()
})
