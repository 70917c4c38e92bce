import { asProblem } from './problem.ts'
import type { Provider, SessionState, TokenSource } from './source.ts'

/** Clerk's script or service could not be reached. */
export const clerkAway = 'clerk_unreachable'

/** The sources that the server offers, as one. Usually there is one; where both are offered, whoever is signed in counts. */
export class Sources {
  #sources: readonly TokenSource[]

  constructor(...sources: readonly TokenSource[]) {
    this.#sources = sources
  }

  /** Keeps to what /config.json offers. Called once, before anybody asks for a token. */
  offer(providers: readonly Provider[]): void {
    this.#sources = this.#sources.filter((one) => providers.includes(one.provider))
  }

  /** Which provider signed the person in. */
  get provider(): Provider | undefined {
    return this.#current?.provider
  }

  get state(): SessionState {
    if (this.#current) return this.#current.state
    const unknown = this.#sources.find(({ state }) => state.status === 'unknown')
    return unknown?.state ?? nobody
  }

  subscribe = (listener: () => void): (() => void) => {
    const ends = this.#sources.map((one) => one.subscribe(listener))
    return () => {
      for (const end of ends) end()
    }
  }

  async token(): Promise<string | undefined> {
    let away: unknown
    for (const source of this.#sources) {
      try {
        const token = await source.token()
        if (token) return token
      } catch (error) {
        away = error
      }
    }
    // Without Clerk people can still sign in with a password, where that is offered; that page says what is wrong.
    if (away && !(this.#sources.length > 1 && asProblem(away).code === clerkAway)) throw away
    return undefined
  }

  async renewed(token: string): Promise<string | undefined> {
    return this.#current?.renewed(token)
  }

  async signOut(): Promise<void> {
    await this.#current?.signOut()
  }

  get #current(): TokenSource | undefined {
    return this.#sources.find(({ state }) => state.status === 'signed-in')
  }
}

// One object, because a store that answers with another each time would be asked for ever.
const nobody: SessionState = { status: 'signed-out' }
