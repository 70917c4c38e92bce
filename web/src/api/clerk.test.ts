import { describe, expect, it, vi } from 'vitest'
import { type ClerkObject, ClerkSession } from './clerk.ts'
import { asProblem } from './problem.ts'
import { clerkAway, Sources } from './sources.ts'

type Mutable = { -readonly [K in keyof ClerkObject]: ClerkObject[K] }

/** Clerk's object as its documentation describes it: a session that makes tokens, and listeners that hear of changes. */
function fake(email = 'sara@people.test') {
  const heard = new Set<() => void>()
  let made = 0
  let kept: string | undefined
  const getToken = vi.fn(async (options?: { skipCache?: boolean }): Promise<string | null> => {
    if (!kept || options?.skipCache) kept = `token-${++made}`
    return kept
  })
  const clerk = {
    user: { id: 'user_1', primaryEmailAddress: { emailAddress: email } },
    session: { id: 'sess_1', status: 'active', getToken },
    addListener: (listener: () => void) => {
      heard.add(listener)
      return () => heard.delete(listener)
    },
    signOut: vi.fn(async (then: () => void) => {
      end()
      then()
    }),
  } satisfies Mutable as Mutable
  const tell = () => {
    for (const listener of heard) listener()
  }
  const end = () => {
    clerk.user = null
    clerk.session = null
    tell()
  }
  return { clerk, getToken, end, tell, expire: () => (kept = undefined) }
}

const signedIn = { status: 'signed-in', user: { id: 'user_1', email: 'sara@people.test' } }

describe('ClerkSession', () => {
  it('waits for the script, then asks Clerk for a token each time', async () => {
    const session = new ClerkSession()
    const { clerk, getToken, expire } = fake()
    const token = session.token()
    expect(session.status).toBe('loading')
    expect(session.state).toEqual({ status: 'unknown' })
    session.connect(clerk)
    expect(session.status).toBe('ready')
    expect(await token).toBe('token-1')
    expect(await session.token()).toBe('token-1')
    expire()
    expect(await session.token()).toBe('token-2')
    expect(getToken).toHaveBeenCalledTimes(3)
    expect(session.state).toEqual(signedIn)
  })

  it('has Clerk make a new token for one that was refused, and once only for many', async () => {
    const session = new ClerkSession()
    const { clerk, getToken } = fake()
    session.connect(clerk)
    const old = (await session.token()) ?? ''
    const newer = await session.renewed(old)
    expect(newer).toBe('token-2')
    expect(await session.renewed(old)).toBe('token-2')
    expect(getToken.mock.calls.filter(([options]) => options?.skipCache)).toHaveLength(1)
  })

  it('takes a new token after the person has proved who they are', async () => {
    const session = new ClerkSession()
    const { clerk } = fake()
    session.connect(clerk)
    expect(await session.token()).toBe('token-1')
    await session.proved()
    expect(await session.token()).toBe('token-2')
  })

  it('tells once of each change, and of a session that ended elsewhere', async () => {
    const session = new ClerkSession()
    const { clerk, end, tell } = fake()
    session.connect(clerk)
    const heard = vi.fn()
    session.subscribe(heard)
    tell()
    expect(heard).not.toHaveBeenCalled()
    end()
    expect(heard).toHaveBeenCalledOnce()
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(await session.token()).toBeUndefined()
    expect(await session.renewed('token-1')).toBeUndefined()
  })

  it('is nobody while Clerk has something left to ask, whatever token it would give', async () => {
    const session = new ClerkSession()
    const { clerk, getToken } = fake()
    clerk.session = { id: 'sess_1', status: 'pending', getToken }
    session.connect(clerk)
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(await session.token()).toBeUndefined()
    expect(getToken).not.toHaveBeenCalled()
  })

  it('ends the session at Clerk, and leaves it to the page where to go', async () => {
    const session = new ClerkSession()
    const { clerk } = fake()
    session.connect(clerk)
    await session.signOut()
    expect(clerk.signOut).toHaveBeenCalledWith(expect.any(Function))
    expect(session.state).toEqual({ status: 'signed-out' })
  })

  it('says that Clerk is away when its script is blocked or a token cannot be had', async () => {
    const blocked = new ClerkSession()
    const waiting = blocked.token().catch(asProblem)
    blocked.fail()
    expect(blocked.status).toBe('failed')
    expect(await waiting).toMatchObject({ status: 0, code: clerkAway })

    const offline = new ClerkSession()
    const { clerk, getToken } = fake()
    offline.connect(clerk)
    getToken.mockRejectedValue(new Error('offline'))
    expect(await offline.token().catch(asProblem)).toMatchObject({ status: 0, code: clerkAway })
    expect(offline.state).toEqual(signedIn) // nobody is signed out by a tunnel
  })
})

describe('Sources', () => {
  function both() {
    const clerk = new ClerkSession()
    const local = {
      provider: 'local' as const,
      state: { status: 'signed-out' as const },
      subscribe: () => () => undefined,
      token: vi.fn(async () => undefined),
      renewed: vi.fn(async () => undefined),
      signOut: vi.fn(async () => undefined),
    }
    return { clerk, local, session: new Sources(local, clerk) }
  }

  it('asks nobody but who is offered', async () => {
    const { clerk, local, session } = both()
    session.offer(['clerk'])
    clerk.connect(fake().clerk)
    expect(await session.token()).toBe('token-1')
    expect(session.provider).toBe('clerk')
    expect(local.token).not.toHaveBeenCalled()

    const other = both()
    other.session.offer(['local'])
    expect(await other.session.token()).toBeUndefined() // it does not wait for Clerk's script
    expect(other.session.state).toEqual({ status: 'signed-out' })
  })

  it('leaves the password where Clerk is away, and says so where there is none', async () => {
    const { clerk, session } = both()
    clerk.fail()
    expect(await session.token()).toBeUndefined()
    session.offer(['clerk'])
    expect(await session.token().catch(asProblem)).toMatchObject({ code: clerkAway })
  })

  it('does not take a server that is away for nobody', async () => {
    const { clerk, local, session } = both()
    clerk.connect(fake().clerk)
    clerk.signOut()
    local.token.mockRejectedValue(new TypeError('Failed to fetch'))
    await vi.waitFor(() => expect(clerk.state.status).toBe('signed-out'))
    await expect(session.token()).rejects.toThrow('Failed to fetch')
  })

  it('renews and ends the session of whoever is signed in', async () => {
    const { clerk, local, session } = both()
    const { clerk: object } = fake()
    clerk.connect(object)
    expect(await session.renewed('token-0')).toBe('token-1')
    await session.signOut()
    expect(object.signOut).toHaveBeenCalledOnce()
    expect(local.signOut).not.toHaveBeenCalled()
    expect(session.provider).toBeUndefined()
  })
})
