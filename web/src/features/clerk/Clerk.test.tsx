// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ClerkSession } from '../../api/clerk.ts'
import { WithClerk } from '../identity/WithClerk.tsx'
import { ClerkHouse } from './ClerkHouse.tsx'
import { ClerkProfile } from './ClerkProfile.tsx'
import { ClerkProof } from './ClerkProof.tsx'
import { ClerkSignIn } from './ClerkSignIn.tsx'
import { standIn } from './standIn.ts'

// @clerk/react is the real one; what it would load from Clerk's address is a fake of the documented surface of window.Clerk.

vi.mock('../../router.tsx', () => ({ router: { history: { push: vi.fn(), replace: vi.fn() } } }))
// A page loads Clerk once; here each test does.
const page = vi.hoisted(() => ({ clerk: undefined as unknown }))
vi.mock('../../api/client.ts', () => ({
  get clerk() {
    return page.clerk
  },
}))

const settings = {
  publishableKey: `pk_test_${btoa('clerk.example.com$')}`,
  frontendApi: 'https://clerk.example.com',
}

type Asked = { afterVerification(): void; afterVerificationCancelled(): void; getContainer(): HTMLElement }

function fakeWindowClerk() {
  let made = 0
  const clerk = {
    loaded: false,
    load: vi.fn(async () => {
      clerk.loaded = true
    }),
    user: { id: 'user_1', primaryEmailAddress: { emailAddress: 'sara@people.test' } },
    session: { id: 'sess_1', status: 'active', getToken: vi.fn(async () => `token-${++made}`) },
    client: {},
    addListener: vi.fn(() => () => undefined),
    signOut: vi.fn(),
    mountSignIn: vi.fn((node: HTMLElement) => node.append("Clerk's form")),
    unmountSignIn: vi.fn(),
    mountUserProfile: vi.fn((node: HTMLElement) => node.append("Clerk's profile")),
    unmountUserProfile: vi.fn(),
    __internal_openReverification: vi.fn((_: Asked) => undefined),
  }
  return clerk
}

let fake: ReturnType<typeof fakeWindowClerk>
let session: ClerkSession

beforeEach(() => {
  fake = fakeWindowClerk()
  session = new ClerkSession()
  page.clerk = session
  Object.assign(globalThis, { Clerk: fake, __internal_ClerkUICtor: class {} })
})
afterEach(() => {
  Object.assign(globalThis, { Clerk: undefined, __internal_ClerkUICtor: undefined })
})

const show = (children: ReactNode) =>
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={new QueryClient()}>
        <ClerkHouse settings={settings}>{children}</ClerkHouse>
      </QueryClientProvider>
    </MantineProvider>,
  )

it('shows that Clerk is loading, then its own form, which goes on to the page that was asked for', async () => {
  show(
    <WithClerk>
      <ClerkSignIn next="/acme/inbox" />
    </WithClerk>,
  )
  expect(screen.getByRole('status').textContent).toContain('Clerk')
  expect(await screen.findByText("Clerk's form")).toBeTruthy()
  expect(fake.load).toHaveBeenCalledWith(expect.objectContaining({ telemetry: false }))
  expect(fake.mountSignIn).toHaveBeenCalledWith(
    expect.any(HTMLElement),
    expect.objectContaining({ routing: 'hash', withSignUp: true, forceRedirectUrl: '/acme/inbox' }),
  )
  expect(await session.token()).toBe('token-1')
})

it('shows the profile that Clerk keeps', async () => {
  show(
    <WithClerk>
      <ClerkProfile />
    </WithClerk>,
  )
  expect(await screen.findByText("Clerk's profile")).toBeTruthy()
})

it('has Clerk prove who is there, within the dialog, and goes on with a new token', async () => {
  const onDone = vi.fn()
  show(
    <WithClerk>
      <ClerkProof onDone={onDone} onCancel={vi.fn()} />
    </WithClerk>,
  )
  const ask = await screen.findByRole('button', { name: 'Confirm and go on' })
  await userEvent.click(ask)
  const asked = fake.__internal_openReverification.mock.calls[0]?.[0]
  expect(asked?.getContainer().contains(ask)).toBe(true)
  expect(onDone).not.toHaveBeenCalled()
  asked?.afterVerification()
  await vi.waitFor(() => expect(onDone).toHaveBeenCalledOnce())
  expect(fake.session.getToken).toHaveBeenLastCalledWith({ skipCache: true })
})

it('does nothing when the person calls it off', async () => {
  const onDone = vi.fn()
  show(
    <WithClerk>
      <ClerkProof onDone={onDone} onCancel={vi.fn()} />
    </WithClerk>,
  )
  await userEvent.click(await screen.findByRole('button', { name: 'Confirm and go on' }))
  fake.__internal_openReverification.mock.calls[0]?.[0].afterVerificationCancelled()
  await vi.waitFor(() =>
    expect(screen.getByRole('button', { name: 'Confirm and go on' })).toHaveProperty('disabled', false),
  )
  expect(onDone).not.toHaveBeenCalled()
})

it('says in plain words that Clerk cannot be reached', async () => {
  fake.load.mockRejectedValue(new Error('blocked'))
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  show(<WithClerk>never</WithClerk>)
  expect((await screen.findByRole('alert')).textContent).toContain('The sign-in service cannot be reached')
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy()
  expect(screen.queryByText('never')).toBeNull()
})

it('takes scripts of a stand-in from this machine alone', () => {
  expect(standIn('https://clerk.example.com')).toEqual({})
  expect(Object.values(standIn('http://127.0.0.1:8104'))).toEqual([
    'http://127.0.0.1:8104/npm/@clerk/clerk-js@6/dist/clerk.browser.js',
    'http://127.0.0.1:8104/npm/@clerk/ui@1/dist/ui.browser.js',
  ])
})
