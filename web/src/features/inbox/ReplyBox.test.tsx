// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { ReplyBox } from './ReplyBox.tsx'
import type { ReplyWindow } from './window.ts'

function setup(window: ReplyWindow = { open: true, left: 1000 }, optedOut = false) {
  const send = vi.fn()
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <ReplyBox name="Amina" window={window} optedOut={optedOut} onSend={send} />
    </MantineProvider>,
  )
  return { send, user: userEvent.setup() }
}

it('sends what was typed, without the spaces around it, and empties the field', async () => {
  const { send, user } = setup()
  await user.type(screen.getByRole('textbox', { name: 'Reply to Amina' }), '  Hello there ')
  await user.click(screen.getByRole('button', { name: 'Send' }))
  expect(send).toHaveBeenCalledExactlyOnceWith('Hello there')
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
