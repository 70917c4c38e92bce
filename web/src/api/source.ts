/** Who is signed in. */
export type User = { id: string; email: string }

export type SessionState =
  | { status: 'unknown' }
  | { status: 'signed-out' }
  | { status: 'signed-in'; user: User }

/** The identity providers that /config.json may name. */
export type Provider = 'local' | 'clerk'

/** Where the tokens for the server come from. */
export interface TokenSource {
  readonly provider: Provider
  readonly state: SessionState
  /** Tells of every change of the state; gives the function that ends it. */
  subscribe(listener: () => void): () => void
  /** A token that is good for a while, or undefined when nobody is signed in. Throws when the provider is away. */
  token(): Promise<string | undefined>
  /** After the server refused `token`: a newer one, or undefined when the session is over. */
  renewed(token: string): Promise<string | undefined>
  /** Ends the session here and at the provider. */
  signOut(): Promise<void>
}
