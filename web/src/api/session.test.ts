import { describe, expect, it, vi } from 'vitest'
import { Session } from './session.ts'

const grant = (token: string, expires_in = 600) =>
  Response.json({
    access_token: token,
    token_type: 'Bearer',
    expires_in,
    user: { id: 'u1', email: 'owner@demo.example' },
  })

function setup(answers: Record<string, () => Response>) {
  const calls: string[] = []
  let time = 0
  const fetch = vi.fn(async (path: RequestInfo | URL) => {
    calls.push(String(path))
    const answer = answers[String(path)]
    if (!answer) throw new TypeError('Failed to fetch')
    return answer()
  })
  const session = new Session({ fetch, now: () => time, alone: (task) => task() })
  return { session, calls, wait: (ms: number) => (time += ms) }
}

describe('Session', () => {
  it('keeps the token of a sign-in until shortly before its end, then refreshes', async () => {
    const { session, calls, wait } = setup({
      '/auth/sign-in': () => grant('a'),
      '/auth/refresh': () => grant('b'),
    })
    await session.signIn('owner@demo.example', 'secret')
    expect(await session.token()).toBe('a')
    wait(569_000)
    expect(await session.token()).toBe('a')
    wait(2_000)
    expect(await session.token()).toBe('b')
    expect(calls).toEqual(['/auth/sign-in', '/auth/refresh'])
  })

  it('refreshes once for many callers, because reusing a rotated cookie would end the session', async () => {
    const { session, calls } = setup({ '/auth/refresh': () => grant('a') })
    expect(await Promise.all([session.token(), session.token(), session.token()])).toEqual(['a', 'a', 'a'])
    expect(calls).toHaveLength(1)
  })

  it('does not refresh again for a caller whose refused token was replaced meanwhile', async () => {
    const { session, calls } = setup({ '/auth/sign-in': () => grant('new') })
    await session.signIn('owner@demo.example', 'secret')
    expect(await session.renewed('old')).toBe('new')
    expect(calls).toEqual(['/auth/sign-in'])
  })

  it('is signed out, and asks no more, once the cookie is refused', async () => {
    const { session, calls } = setup({ '/auth/refresh': () => new Response(null, { status: 401 }) })
    expect(await session.token()).toBeUndefined()
    expect(await session.token()).toBeUndefined()
    expect(session.state).toEqual({ status: 'signed-out' })
    expect(calls).toHaveLength(1)
  })

  it('stays undecided while the server is away, so that a restart signs nobody out', async () => {
    const { session } = setup({})
    await expect(session.token()).rejects.toThrow('Failed to fetch')
    expect(session.state).toEqual({ status: 'unknown' })
  })

  it('stays signed in when a refresh meets a server error', async () => {
    const { session, wait } = setup({
      '/auth/sign-in': () => grant('a'),
      '/auth/refresh': () => new Response(null, { status: 503 }),
    })
    await session.signIn('owner@demo.example', 'secret')
    wait(600_000)
    await expect(session.token()).rejects.toMatchObject({ status: 503 })
    expect(session.state.status).toBe('signed-in')
  })

  it('shows the sentence of a refused sign-in', async () => {
    const refusal = () =>
      Response.json({ detail: 'E-mail or password is wrong.', code: 'bad_credentials' }, { status: 401 })
    const { session } = setup({ '/auth/sign-in': refusal })
    await expect(session.signIn('x@y.z', 'no')).rejects.toMatchObject({
      code: 'bad_credentials',
      message: 'E-mail or password is wrong.',
    })
  })

  it('signs out here even when the server cannot be told', async () => {
    const { session } = setup({ '/auth/sign-in': () => grant('a') })
    await session.signIn('owner@demo.example', 'secret')
    await session.signOut()
    expect(session.state.status).toBe('signed-out')
    expect(await session.token()).toBeUndefined()
  })

  it('tells its listeners of a change of person and not of a refresh', async () => {
    const { session, wait } = setup({ '/auth/sign-in': () => grant('a'), '/auth/refresh': () => grant('b') })
    const heard = vi.fn()
    session.subscribe(heard)
    await session.signIn('owner@demo.example', 'secret')
    wait(600_000)
    await session.token()
    expect(heard).toHaveBeenCalledTimes(1)
  })

  it('refuses a grant of unknown form', async () => {
    const { session } = setup({ '/auth/sign-in': () => Response.json({ token: 'x' }) })
    await expect(session.signIn('x@y.z', 'p')).rejects.toMatchObject({ code: 'bad_grant' })
  })
})
