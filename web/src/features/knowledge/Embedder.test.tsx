// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Embedder as Found } from '../../api/embedder.ts'
import { Problem } from '../../api/problem.ts'
import { Embedder } from './Embedder.tsx'

const api = vi.hoisted(() => ({ get: vi.fn(), set: vi.fn(), reset: vi.fn() }))
vi.mock('../../api/embedder.ts', () => ({
  embedderQuery: () => ({ queryKey: ['acme', 'knowledge', 'embedder'], queryFn: api.get }),
  setEmbedder: api.set,
  resetEmbedder: api.reset,
}))

const builtIn: Found = {
  ...{ own: false, baseUrl: '', model: '', keySet: false, keyHeader: 'authorization', dimensions: 0 },
  ...{ monthlyTokens: 0, usedTokens: 0, state: 'serving', problem: undefined, done: 0, total: 0 },
  ...{ serving: { own: false, model: 'built-in' }, failure: undefined, failedAt: undefined },
}
const own: Found = {
  ...builtIn,
  ...{ own: true, baseUrl: 'https://api.example/v1', model: 'small', keySet: true, dimensions: 768 },
}

beforeEach(() => {
  api.get.mockReset().mockResolvedValue(builtIn)
  api.set.mockReset().mockResolvedValue(own)
  api.reset.mockReset().mockResolvedValue(builtIn)
})

function show() {
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <Embedder slug="acme" />
      </QueryClientProvider>
    </MantineProvider>,
  )
  return userEvent.setup()
}

it('chooses a service', async () => {
  const user = show()
  await user.click(await screen.findByRole('textbox', { name: /Address/ }))
  await user.paste('https://api.example/v1')
  await user.type(screen.getByRole('textbox', { name: /Model/ }), 'small')
  await user.type(screen.getByLabelText(/^Key$/), 'sk-1')
  await user.click(screen.getByRole('button', { name: 'Check and save' }))
  const draft = { baseUrl: 'https://api.example/v1', model: 'small', key: 'sk-1', keyHeader: 'authorization' }
  await waitFor(() =>
    expect(api.set).toHaveBeenCalledExactlyOnceWith('acme', { ...draft, dimensions: 0, monthlyTokens: 0 }),
  )
})

it('keeps the key that is there, and never shows it', async () => {
  api.get.mockResolvedValue(own)
  const user = show()
  expect(await screen.findByLabelText(/^Key$/)).toHaveProperty('value', '')
  await user.click(screen.getByRole('button', { name: 'Check and save' }))
  await waitFor(() => expect(api.set).toHaveBeenCalledOnce())
  expect(api.set.mock.calls[0]?.[1]).toHaveProperty('key', undefined)
})

it('says how far the vectors are, and why nothing goes on', async () => {
  const problem = 'This month is used up.'
  api.get.mockResolvedValue({ ...own, state: 'budget', problem, done: 340, total: 1200 })
  show()
  expect(await screen.findByText('Stopped: limit reached')).toBeTruthy()
  expect(screen.getByRole('progressbar', { name: '340 of 1,200 passages' })).toBeTruthy()
  expect(screen.getByRole('alert').textContent).toContain(problem)
})

it('shows a refusal beside its field', async () => {
  api.get.mockResolvedValue(own)
  const fields = [{ location: 'body.key', message: 'must be entered again' }]
  api.set.mockRejectedValue(new Problem({ status: 422, code: 'invalid_embedder', message: 'No.', fields }))
  const user = show()
  await user.click(await screen.findByRole('button', { name: 'Check and save' }))
  expect(await screen.findByText('must be entered again')).toBeTruthy()
})

it('asks before it goes back to the built-in one', async () => {
  api.get.mockResolvedValue(own)
  const user = show()
  await user.click(await screen.findByRole('button', { name: 'Use the built-in one' }))
  expect(api.reset).not.toHaveBeenCalled()
  const buttons = await screen.findAllByRole('button', { name: 'Use the built-in one' })
  await user.click(buttons.at(-1) as HTMLElement)
  await waitFor(() => expect(api.reset).toHaveBeenCalledExactlyOnceWith('acme'))
})
