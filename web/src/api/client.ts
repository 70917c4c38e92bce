import createClient, { type Client } from 'openapi-fetch'
import { forget, remember } from '../lib/remember.ts'
import { ClerkSession } from './clerk.ts'
import { problemOf } from './problem.ts'
import type { paths } from './schema.d.ts'
import { aloneOverTabs, Session } from './session.ts'
import { Sources } from './sources.ts'

/** The built-in provider's session. */
export const local = new Session({
  fetch: (...call) => fetch(...call),
  now: Date.now,
  alone: aloneOverTabs,
})

/** Clerk's session. */
export const clerk = new ClerkSession()

/** Whoever is signed in, by whichever of the two. */
export const session = new Sources(local, clerk)

// A mark, not a right: it spares a page for strangers the question whether somebody is signed in.
session.subscribe(() => {
  if (session.state.status === 'signed-in') remember('signed-in', 'yes')
  else forget('signed-in')
})

export type ApiClient = Client<paths>

/** Calls the server as whoever is signed in; `slug` names the tenant. A refused token is renewed once. */
export async function authorizedFetch(request: Request, slug?: string): Promise<Response> {
  const send = (token: string | undefined, one: Request) => {
    if (token) one.headers.set('Authorization', `Bearer ${token}`)
    if (slug) one.headers.set('X-Tenant-Slug', slug)
    return fetch(one)
  }
  const again = request.clone() // a body can be read once only
  const token = await session.token()
  const response = await send(token, request)
  if (response.status !== 401 || !token) return response
  const newer = await session.renewed(token)
  return newer ? send(newer, again) : response
}

/** The generated client for strangers: it does not ask who is signed in. */
export const publicClient: ApiClient = createClient<paths>({ fetch: (request) => fetch(request) })

const clients = new Map<string, ApiClient>()

/** The generated client, bound to a tenant ('' for the routes that need none). */
export function client(slug: string): ApiClient {
  let found = clients.get(slug)
  if (!found) {
    found = createClient<paths>({ fetch: (request) => authorizedFetch(request, slug || undefined) })
    clients.set(slug, found)
  }
  return found
}

/** The data of an answer, or its problem as an exception, which is what react-query understands. */
export async function unwrap<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<NonNullable<T>> {
  const { data, error, response } = await call
  if (!response.ok || data === undefined || data === null) throw problemOf(response, error)
  return data as NonNullable<T>
}

/** Waits for an answer that has no body (204). */
export async function done(call: Promise<{ error?: unknown; response: Response }>): Promise<void> {
  const { error, response } = await call
  if (!response.ok) throw problemOf(response, error)
}
