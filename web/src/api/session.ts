import { Problem, problemOf } from './problem.ts'
import type { SessionState, TokenSource, User } from './source.ts'

type Grant = { token: string; expiresAt: number; user: User }

type Deps = {
  fetch: typeof fetch
  now: () => number
  /** Runs one refresh at a time over all tabs: the cookie is rotated, and using an old one ends the session. */
  alone: <T>(task: () => Promise<T>) => Promise<T>
}

// A token this near its end would expire on the way.
const margin = 30_000

/**
 * A session of the built-in provider. The access token lives in memory alone; the refresh token in a cookie that no script
 * can read.
 */
export class Session implements TokenSource {
  readonly provider = 'local'
  #grant: Grant | undefined
  #state: SessionState = { status: 'unknown' }
  #refreshing: Promise<Grant | undefined> | undefined
  readonly #listeners = new Set<() => void>()
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get state(): SessionState {
    return this.#state
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async token(): Promise<string | undefined> {
    if (this.#grant && this.#grant.expiresAt - margin > this.#deps.now()) return this.#grant.token
    if (this.#state.status === 'signed-out') return undefined
    return (await this.#refresh())?.token
  }

  async renewed(token: string): Promise<string | undefined> {
    if (this.#grant && this.#grant.token !== token) return this.#grant.token
    return (await this.#refresh())?.token
  }

  /** Starts a session; without a one-time code it may be refused as otp_required. */
  async signIn(email: string, password: string, otp?: string): Promise<void> {
    const response = await this.#post('/auth/sign-in', { email, password, ...(otp ? { otp } : {}) })
    const body: unknown = await response.json().catch(() => undefined)
    if (!response.ok) throw problemOf(response, body)
    this.#accept(grantOf(body, this.#deps.now()))
  }

  /** Changes the password; the answer is a new session, and all others end. */
  async changePassword(old: string, next: string): Promise<void> {
    const response = await this.#post('/auth/password', { old, new: next }, await this.token())
    const body: unknown = await response.json().catch(() => undefined)
    if (!response.ok) throw problemOf(response, body)
    this.#accept(grantOf(body, this.#deps.now()))
  }

  /** Takes over a session that came with another answer, of an accepted invitation, say. */
  adopt(body: unknown): void {
    this.#accept(grantOf(body, this.#deps.now()))
  }

  /** Ends the session here at once, and on the server. */
  async signOut(): Promise<void> {
    this.#accept(undefined)
    await this.#deps.alone(() => this.#post('/auth/sign-out')).catch(() => undefined)
  }

  #refresh(): Promise<Grant | undefined> {
    this.#refreshing ??= this.#deps
      .alone(async () => {
        const response = await this.#post('/auth/refresh')
        if (response.status === 401 || response.status === 403) return undefined
        const body: unknown = await response.json().catch(() => undefined)
        if (!response.ok) throw problemOf(response, body)
        return grantOf(body, this.#deps.now())
      })
      .then((grant) => {
        this.#accept(grant)
        return grant
      })
      .finally(() => {
        this.#refreshing = undefined
      })
    return this.#refreshing
  }

  #post(path: string, body?: object, token?: string): Promise<Response> {
    return this.#deps.fetch(path, {
      method: 'POST',
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  }

  #accept(grant: Grant | undefined): void {
    const before = this.#state
    this.#grant = grant
    this.#state = grant ? { status: 'signed-in', user: grant.user } : { status: 'signed-out' }
    const same = before.status === 'signed-in' && grant && before.user.id === grant.user.id
    if (same)
      this.#state = before // a refresh changes nothing that anybody shows
    else for (const listener of this.#listeners) listener()
  }
}

function grantOf(body: unknown, now: number): Grant {
  const { access_token, expires_in, user } = (body ?? {}) as Record<string, unknown>
  const { id, email } = (user ?? {}) as Record<string, unknown>
  if (
    typeof access_token !== 'string' ||
    typeof expires_in !== 'number' ||
    typeof id !== 'string' ||
    typeof email !== 'string'
  )
    throw new Problem({
      status: 502,
      code: 'bad_grant',
      message: 'The sign-in service answered in an unknown form.',
    })
  return { token: access_token, expiresAt: now + expires_in * 1000, user: { id, email } }
}

/** One task at a time over all tabs of this origin, where the browser can. */
export async function aloneOverTabs<T>(task: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request('flomastr-refresh', task) : task()
}
