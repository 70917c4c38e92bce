import { Problem } from './problem.ts'
import type { SessionState, TokenSource } from './source.ts'
import { clerkAway } from './sources.ts'

/** What is used of Clerk's own object in the browser (window.Clerk), as it is documented. */
export type ClerkObject = {
  readonly user?: { id: string; primaryEmailAddress: { emailAddress: string } | null } | null | undefined
  readonly session?:
    | {
        id: string
        status: string
        getToken(options?: { skipCache?: boolean }): Promise<string | null>
      }
    | null
    | undefined
  addListener(listener: () => void): () => void
  signOut(then: () => void): Promise<void>
}

/** Whether Clerk's script has come: everything of Clerk waits for it. */
export type ClerkStatus = 'loading' | 'ready' | 'failed'

/** The session that Clerk keeps. Its tokens live for a minute; Clerk is asked each time, and knows when to make a new one. */
export class ClerkSession implements TokenSource {
  readonly provider = 'clerk'
  #clerk: ClerkObject | undefined
  #status: ClerkStatus = 'loading'
  #state: SessionState = { status: 'unknown' }
  #settle: () => void = () => undefined
  readonly #settled = new Promise<void>((resolve) => {
    this.#settle = resolve
  })
  readonly #listeners = new Set<() => void>()

  get state(): SessionState {
    return this.#state
  }

  get status(): ClerkStatus {
    return this.#status
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Clerk has loaded. */
  connect(clerk: ClerkObject): void {
    if (this.#clerk) return
    this.#clerk = clerk
    this.#become('ready')
    clerk.addListener(() => this.#look())
    this.#look()
    this.#settle()
  }

  /** Clerk has not loaded, and will not. */
  fail(): void {
    if (this.#clerk) return
    this.#become('failed')
    this.#settle()
  }

  token(): Promise<string | undefined> {
    return this.#ask()
  }

  async renewed(token: string): Promise<string | undefined> {
    const known = await this.#ask()
    return known === token ? this.#ask({ skipCache: true }) : known
  }

  /** A new token, after the person has proved again who they are: the old one tells of the older sign-in. */
  async proved(): Promise<void> {
    await this.#ask({ skipCache: true })
  }

  async signOut(): Promise<void> {
    const clerk = await this.#loaded()
    try {
      await clerk.signOut(() => undefined) // where to go then is for the page to say
    } catch (cause) {
      throw away(cause)
    }
  }

  async #ask(options?: { skipCache: boolean }): Promise<string | undefined> {
    const { session } = await this.#loaded()
    // A session with something left to do is not one for the server; Clerk's own page says what is missing.
    if (session?.status !== 'active') return undefined
    try {
      return (await session.getToken(options)) ?? undefined
    } catch (cause) {
      throw away(cause)
    }
  }

  async #loaded(): Promise<ClerkObject> {
    await this.#settled
    if (!this.#clerk) throw away()
    return this.#clerk
  }

  #look(): void {
    const { user, session } = this.#clerk ?? {}
    const before = this.#state
    if (!user || session?.status !== 'active') {
      if (before.status === 'signed-out') return
      this.#state = { status: 'signed-out' }
    } else {
      const email = user.primaryEmailAddress?.emailAddress ?? ''
      if (before.status === 'signed-in' && before.user.id === user.id && before.user.email === email) return
      this.#state = { status: 'signed-in', user: { id: user.id, email } }
    }
    this.#tell()
  }

  #become(status: ClerkStatus): void {
    this.#status = status
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

const away = (cause?: unknown) =>
  new Problem({ status: 0, code: clerkAway, message: 'Clerk cannot be reached.', cause })
