// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Memory } from '../../api/memory.ts'
import { Remembered } from './Remembered.tsx'

const server = vi.hoisted(() => ({ list: vi.fn(), correct: vi.fn(), erase: vi.fn() }))
vi.mock('../../api/memory.ts', () => ({
  memoryKeys: { of: (slug: string, contact: string) => [slug, contact] },
  memoryQuery: (slug: string, contact: string) => ({ queryKey: [slug, contact], queryFn: server.list }),
  correctMemory: server.correct,
  eraseMemory: server.erase,
}))

const memory = (change: Partial<Memory>): Memory => ({
  id: 'm1',
  kind: 'fact',
  subject: 'shoe size',
  text: '42',
  sensitive: false,
  source: 'customer',
  confirmedAt: new Date('2026-05-04T10:00:00Z'),
  ...change,
})

beforeEach(() => {
  server.list
    .mockReset()
    .mockResolvedValue([memory({}), memory({ id: 'm2', subject: 'diet', text: 'vegan' })])
  server.correct.mockReset().mockResolvedValue(undefined)
  server.erase.mockReset().mockResolvedValue(undefined)
})

function show() {
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <Remembered slug="acme" contact="c1" />
      </QueryClientProvider>
    </MantineProvider>,
  )
  return userEvent.setup()
}

it('corrects what is remembered', async () => {
  const user = show()
  await user.click(await screen.findByRole('button', { name: 'Correct “42”' }))
  const field = screen.getByRole('textbox', { name: 'shoe size' })
  await user.clear(field)
  expect(screen.getByRole('button', { name: 'Save' })).toHaveProperty('disabled', true)
  await user.type(field, ' 43 ')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(server.correct).toHaveBeenCalledExactlyOnceWith('acme', 'c1', 'm1', '43'))
  await waitFor(() => expect(server.list).toHaveBeenCalledTimes(2))
})

it('erases one thing, or everything, only when asked twice', async () => {
  const user = show()
  await user.click(await screen.findByRole('button', { name: 'Erase “vegan”' }))
  expect(server.erase).not.toHaveBeenCalled()
  await user.click(await screen.findByRole('button', { name: 'Erase' }))
  await waitFor(() => expect(server.erase).toHaveBeenCalledExactlyOnceWith('acme', 'c1', 'm2'))
})

it('says when nothing is remembered', async () => {
  server.list.mockResolvedValue([])
  show()
  expect(await screen.findByText('Nothing is remembered yet.')).toBeDefined()
  expect(screen.queryByRole('button')).toBeNull()
})
