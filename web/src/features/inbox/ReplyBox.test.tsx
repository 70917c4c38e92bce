// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { Problem } from '../../api/problem.ts'
import { ReplyBox } from './ReplyBox.tsx'
import type { ReplyWindow } from './window.ts'

function setup(window: ReplyWindow = { open: true, left: 1000 }, optedOut = false) {
  const send = vi.fn()
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <ReplyBox slug="acme" name="Amina" window={window} optedOut={optedOut} onSend={send} />
    </MantineProvider>,
  )
  return { send, user: userEvent.setup() }
}

it('sends what was typed, without the spaces around it, and empties the field', async () => {
  const { send, user } = setup()
  await user.type(screen.getByRole('textbox', { name: 'Reply to Amina' }), '  Hello there ')
  await user.click(screen.getByRole('button', { name: 'Send' }))
  expect(send).toHaveBeenCalledExactlyOnceWith([{ text: 'Hello there' }])
  expect(screen.getByRole('textbox')).toHaveProperty('value', '')
})

it('has nothing to send while only spaces are typed', async () => {
  const { send, user } = setup()
  await user.type(screen.getByRole('textbox'), '   ')
  expect(screen.getByRole('button', { name: 'Send' })).toHaveProperty('disabled', true)
  expect(send).not.toHaveBeenCalled()
})

it('says why there is no field once the window has closed', () => {
  setup({ open: false })
  expect(screen.queryByRole('textbox')).toBeNull()
  expect(screen.getByText(/24 hours have passed/)).toBeTruthy()
})

it('says why nobody may write to a customer who has asked for silence', () => {
  setup({ open: true, left: 1000 }, true)
  expect(screen.queryByRole('textbox')).toBeNull()
  expect(screen.getByText(/asked not to be written to/)).toBeTruthy()
})

it('refuses a text that is longer than one message', async () => {
  const { user } = setup()
  await user.click(screen.getByRole('textbox'))
  await user.paste('x'.repeat(4097))
  expect(screen.getByRole('button', { name: 'Send' })).toHaveProperty('disabled', true)
  expect(screen.getByText('4,097 of 4,096 characters')).toBeTruthy()
})

const upload = vi.hoisted(() => vi.fn())
vi.mock('../../api/media.ts', () => ({ uploadMedia: upload }))

const picture = new File(['x'], 'beach.jpg', { type: 'image/jpeg' })
const kept = (kind: string) => ({ id: 'm-1', kind, state: 'stored', size: 1, scanned: true })

it('uploads a file that is chosen and sends it with the words under it', async () => {
  upload.mockImplementationOnce(async () => kept('image'))
  const { send, user } = setup()
  await user.upload(document.querySelector('input[type=file]') as HTMLInputElement, picture)
  expect(await screen.findByText(/Goes as: Image/)).toBeTruthy()
  await user.type(screen.getByRole('textbox'), 'Our beach')
  await user.click(screen.getByRole('button', { name: 'Send' }))
  const file = { id: 'm-1', name: 'beach.jpg', kind: 'image' }
  expect(send).toHaveBeenCalledExactlyOnceWith([{ text: 'Our beach', file }])
  expect(screen.queryByText(/beach.jpg/)).toBeNull()
})

it('sends words that no phone shows under sound as a message of their own', async () => {
  upload.mockImplementationOnce(async () => kept('audio'))
  const { send, user } = setup()
  await user.click(screen.getByRole('textbox'))
  await user.paste({ getData: () => '', files: [picture], types: ['Files'] } as unknown as DataTransfer)
  await screen.findByText(/Goes as: Audio/)
  await user.type(screen.getByRole('textbox'), 'Listen')
  await user.click(screen.getByRole('button', { name: 'Send' }))
  const file = { id: 'm-1', name: 'beach.jpg', kind: 'audio' }
  expect(send).toHaveBeenCalledExactlyOnceWith([{ text: '', file }, { text: 'Listen' }])
})

it('waits for the upload, shows how far it is, and forgets it when it is taken away', async () => {
  let signal: AbortSignal | undefined
  upload.mockImplementationOnce(
    (_slug, _file, _kind, progress: (part: number) => void, stop: AbortSignal) => {
      signal = stop
      progress(0.4)
      return new Promise(() => {})
    },
  )
  const { user } = setup()
  await user.upload(document.querySelector('input[type=file]') as HTMLInputElement, picture)
  expect((await screen.findByRole('progressbar')).getAttribute('aria-valuenow')).toBe('40')
  expect(screen.getByRole('button', { name: 'Send' })).toHaveProperty('disabled', true)
  await user.click(screen.getByRole('button', { name: 'Remove beach.jpg' }))
  expect(signal?.aborted).toBe(true)
  expect(screen.queryByRole('progressbar')).toBeNull()
})

it('says in words why a file cannot go', async () => {
  upload.mockRejectedValueOnce(
    new Problem({ status: 415, code: 'media_type', message: 'WhatsApp does not carry this type of file.' }),
  )
  const { user } = setup()
  await user.upload(document.querySelector('input[type=file]') as HTMLInputElement, picture)
  expect(await screen.findByText(/does not carry this type/)).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Send' })).toHaveProperty('disabled', true)
})
