import { queryOptions } from '@tanstack/react-query'
import { authorizedFetch, client, unwrap } from './client.ts'
import { problemOf } from './problem.ts'

// The stand-in of the provider is no part of our API (it is not in openapi.json): these are the shapes of its own
// control API, which the server passes on under /simulator in the demo.

type WireProfile = { number?: string; user_id?: string; name: string; online: boolean; auto_read: boolean }
type WireMessage = {
  seq: number
  id: string
  author: 'business' | 'customer'
  type: string
  text: string
  state: 'sent' | 'delivered' | 'read' | 'failed'
  failure?: string
  at: string
}
type WireExchange = {
  id: number
  at: string
  direction: 'api_call' | 'webhook'
  method: string
  url: string
  request_body: string
  status: number
  response_body: string
  duration_ms: number
  error?: string
}

export type Phone = { address: string; name: string; online: boolean; autoRead: boolean }
export type PhoneMessage = {
  seq: number
  id: string
  mine: boolean
  type: string
  text: string
  state: WireMessage['state']
  failure: string | undefined
  at: Date
}
export type Exchange = {
  id: number
  at: Date
  toPlatform: boolean
  request: string
  requestBody: string
  status: number
  responseBody: string
  milliseconds: number
  error: string | undefined
}

const keys = {
  numbers: (slug: string) => [slug, 'simulator', 'numbers'] as const,
  phones: (slug: string, business: string) => [slug, 'simulator', 'phones', business] as const,
  thread: (slug: string, business: string, address: string) =>
    [slug, 'simulator', 'thread', business, address] as const,
  traffic: (slug: string) => [slug, 'simulator', 'traffic'] as const,
}
export const simulatorKeys = keys

async function control<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = { Accept: 'application/json', ...(init.body ? { 'Content-Type': 'application/json' } : {}) }
  const response = await authorizedFetch(new Request(`/simulator/control${path}`, { ...init, headers }))
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body as T
  // The stand-in's own errors are {error}, not problem documents.
  const said = typeof body === 'object' && body !== null && 'error' in body ? { detail: body.error } : body
  throw problemOf(response, said)
}

const at = (address: string) => `/phones/${encodeURIComponent(address)}`

/** The numbers of the tenant that the stand-in serves. */
export const numbersQuery = (slug: string) =>
  queryOptions({
    queryKey: keys.numbers(slug),
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const path = { tenant_id: slug }
      const wire = await unwrap(
        client(slug).GET('/routes/tenants/{tenant_id}/channels', { params: { path }, signal }),
      )
      const ours = (wire.channels ?? [])
        .filter((one) => one.provider === 'infobip')
        .map((one) => digits(one.number))
      const { senders } = await control<{ senders: { number: string }[] }>('/senders', { signal })
      return senders.map((one) => one.number).filter((number) => ours.includes(number))
    },
  })

export const phonesQuery = (slug: string, business: string) =>
  queryOptions({
    queryKey: keys.phones(slug, business),
    queryFn: async ({ signal }) => {
      const wire = await control<{ phones: WireProfile[] }>(`/phones?with=${encodeURIComponent(business)}`, {
        signal,
      })
      return wire.phones.map(phoneOf)
    },
  })

export const threadQuery = (slug: string, business: string, address: string) =>
  queryOptions({
    queryKey: keys.thread(slug, business, address),
    queryFn: async ({ signal }) => {
      const path = `${at(address)}/messages?with=${encodeURIComponent(business)}`
      const wire = await control<{ messages: WireMessage[] }>(path, { signal })
      return wire.messages.map(phoneMessageOf)
    },
  })

export const trafficQuery = (slug: string) =>
  queryOptions({
    queryKey: keys.traffic(slug),
    queryFn: async ({ signal }) => {
      const wire = await control<{ exchanges: WireExchange[] }>('/traffic?limit=60', { signal })
      return wire.exchanges.map(exchangeOf).reverse()
    },
    refetchInterval: 2_000,
  })

export async function putPhone(
  address: string,
  profile: { name?: string; online?: boolean; auto_read?: boolean },
): Promise<Phone> {
  return phoneOf(await control<WireProfile>(at(address), { method: 'PUT', body: JSON.stringify(profile) }))
}

export async function say(address: string, business: string, text: string): Promise<PhoneMessage> {
  const body = JSON.stringify({ to: business, text })
  return phoneMessageOf(await control<WireMessage>(`${at(address)}/messages`, { method: 'POST', body }))
}

/** The customer looks at the thread: what was delivered becomes read. */
export async function look(address: string, business: string): Promise<void> {
  await control(`${at(address)}/read`, { method: 'POST', body: JSON.stringify({ with: business }) })
}

/** Opens the stream of what happens on a phone. */
export const openPhone =
  (address: string, business: string) => (_: string | undefined, signal: AbortSignal) =>
    authorizedFetch(
      new Request(`/simulator/control${at(address)}/events?with=${encodeURIComponent(business)}`, {
        headers: { Accept: 'text/event-stream' },
        signal,
        cache: 'no-store',
      }),
    )

/** A phone number as the stand-in writes it. */
export const digits = (number: string): string => number.replace(/\D/g, '')

export function phoneOf(wire: WireProfile): Phone {
  const address = wire.number || wire.user_id || ''
  return { address, name: wire.name || `+${address}`, online: wire.online, autoRead: wire.auto_read }
}

export function phoneMessageOf(wire: WireMessage): PhoneMessage {
  return {
    seq: wire.seq,
    id: wire.id,
    mine: wire.author === 'customer',
    type: wire.type,
    text: wire.text,
    state: wire.state,
    failure: wire.failure || undefined,
    at: new Date(wire.at),
  }
}

export function exchangeOf(wire: WireExchange): Exchange {
  return {
    id: wire.id,
    at: new Date(wire.at),
    toPlatform: wire.direction === 'webhook',
    request: `${wire.method} ${wire.url}`,
    requestBody: pretty(wire.request_body),
    status: wire.status,
    responseBody: pretty(wire.response_body),
    milliseconds: wire.duration_ms,
    error: wire.error || undefined,
  }
}

/** JSON with line breaks; anything else as it came. */
export function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
