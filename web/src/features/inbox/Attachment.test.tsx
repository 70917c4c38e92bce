// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Media } from '../../api/media.ts'
import { Attachment } from './Attachment.tsx'

const media = (change: Partial<Media>): Media => ({
  id: 'm1',
  kind: 'image',
  state: 'stored',
  reason: undefined,
  type: 'image/jpeg',
  filename: undefined,
  size: 2_400_000,
  scanned: false,
  transcript: undefined,
  ...change,
})

const server = vi.hoisted(() => ({ bytes: vi.fn<(id: string) => Promise<Blob>>(), again: vi.fn() }))
vi.mock('../../api/media.ts', () => ({
  mediaBytesQuery: (slug: string, id: string) => ({
    queryKey: [slug, 'media', id],
    queryFn: () => server.bytes(id),
  }),
  fetchMediaAgain: server.again,
}))

beforeEach(() => {
  server.bytes.mockReset().mockResolvedValue(new Blob(['bytes']))
  server.again.mockReset().mockResolvedValue(undefined)
  URL.createObjectURL = () => 'blob:here'
  URL.revokeObjectURL = () => undefined
})

function show(one: Media) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  render(
    <QueryClientProvider client={queries}>
      <MantineProvider withCssVariables={false} withGlobalClasses={false}>
        <Attachment slug="acme" media={one} />
      </MantineProvider>
    </QueryClientProvider>,
  )
  return userEvent.setup()
}

it('shows a picture once its bytes are here', async () => {
  show(media({}))
  const picture = await screen.findByRole('img', { name: 'Image from the customer' })
  expect(picture.getAttribute('src')).toBe('blob:here')
  expect(server.bytes).toHaveBeenCalledExactlyOnceWith('m1')
})

it('fetches sound when somebody wants to hear it, and not before', async () => {
  const user = show(media({ kind: 'voice', type: 'audio/ogg' }))
  expect(server.bytes).not.toHaveBeenCalled()
  await user.click(screen.getByRole('button', { name: /Play · Voice message, 2.4/ }))
  expect((await screen.findByLabelText('Voice message')).tagName).toBe('AUDIO')
})

it('shows what is said in a recording, as written down', () => {
  show(media({ kind: 'voice', transcript: 'When do you open?' }))
  expect(screen.getByText('When do you open?')).toBeTruthy()
  expect(screen.getByText('Written down by machine')).toBeTruthy()
})

it('says that a file is being fetched', () => {
  show(media({ state: 'pending' }))
  expect(screen.getByRole('status').textContent).toBe('Image: being fetched…')
})

it('says why a file was refused, and offers no second try', () => {
  show(media({ state: 'refused', reason: 'infected' }))
  expect(screen.getByText('The file is infected.')).toBeTruthy()
  expect(screen.queryByRole('button')).toBeNull()
})

it('has a file that could not be fetched asked for again', async () => {
  const user = show(media({ state: 'failed', reason: 'unreachable' }))
  await user.click(screen.getByRole('button', { name: 'Fetch again' }))
  expect(server.again).toHaveBeenCalledExactlyOnceWith('acme', 'm1')
})

it('names a document, its size, and that nobody checked it', () => {
  show(media({ kind: 'document', filename: 'bill.pdf', type: 'application/pdf' }))
  expect(screen.getByText('bill.pdf')).toBeTruthy()
  expect(screen.getByText(/2.4.*not checked for malware/)).toBeTruthy()
  expect(server.bytes).not.toHaveBeenCalled()
})

it('says when the bytes cannot be had, and tries again when asked to', async () => {
  server.bytes.mockRejectedValueOnce(new Error('gone'))
  const user = show(media({}))
  expect(await screen.findByRole('alert')).toBeTruthy()
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('img')).toBeTruthy()
})
