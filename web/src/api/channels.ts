import { queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

type Wire = components['schemas']['ChannelView']
type WireDraft = components['schemas']['ChannelChange']

export const providers = ['infobip', 'meta', 'twilio'] as const
export type Provider = (typeof providers)[number]

/** What a provider may ask for beside the number; whatsapp/provider/setup.go has the same list. */
export const providerFields = [
  'base_url',
  'account_id',
  'sender_id',
  'credentials.api_key',
  'credentials.key_id',
  'webhook_secret.signing_key',
] as const
export type ProviderField = (typeof providerFields)[number]
export type Need = { field: ProviderField; required: boolean; secret: boolean }
/** A provider that the server speaks: what it asks for, and what of the webhook secret is made up for it. */
export type Setup = {
  provider: Provider
  needs: readonly Need[]
  invents: 'header' | 'verify_token' | undefined
}

export type Health = Wire['health']
export type Trouble = NonNullable<Wire['trouble']>
export type Worker = Wire['worker']
export type Mode = Wire['mode']
/** What the assistant may do, from nothing on. */
export const modes = ['off', 'suggest', 'approve', 'automatic'] as const satisfies readonly Mode[]
export const workers = ['assistant', 'n8n', 'both'] as const satisfies readonly Worker[]
/** Messages with one of these words are answered by somebody else than the number's other messages. */
/** How long an outside worker goes first where both answer, and is waited for where it answers alone, in seconds. */
export type WorkerWaits = { both: number; outside: number }

export type WorkerRule = { words: readonly string[]; worker: Worker }
/** A secret as far as it may be known: its fingerprint; undefined: unset. */
export type Fingerprint = string | undefined
export type Limits = { perSecond: number; pairSeconds: number; pairBurst: number }

/** The template that goes in the place of an answer outside the 24 hours, by name and language. */
export type Fallback = { name: string; language: string }

export type Channel = {
  id: string
  provider: Provider
  name: string
  number: string
  baseUrl: string
  accountId: string
  senderId: string
  worker: Worker
  workerRules: readonly WorkerRule[]
  mode: Mode
  workerWaits: WorkerWaits
  paused: boolean
  credentials: Fingerprint
  webhookSecret: Fingerprint
  previousSecret: Fingerprint
  webhookUrl: string
  health: Health
  trouble: Trouble | undefined
  /** The server's own sentence: why it is paused, say. */
  healthMessage: string
  limits: Limits
  fallback: Fallback | undefined
  lastInboundAt: Date | undefined
  lastWebhookAt: Date | undefined
  lastRefusedAt: Date | undefined
  lastError: { text: string; at: Date } | undefined
  createdAt: Date
}
export type Channels = { channels: readonly Channel[]; setups: readonly Setup[] }

export const channelKeys = {
  all: (slug: string) => [slug, 'channels'] as const,
  errors: (slug: string, id: string) => [slug, 'channels', id, 'errors'] as const,
}

export const channelsQuery = (slug: string) =>
  queryOptions({
    queryKey: channelKeys.all(slug),
    queryFn: async ({ signal }): Promise<Channels> => {
      const path = { tenant_id: slug }
      const wire = await unwrap(
        client(slug).GET('/routes/tenants/{tenant_id}/channels', { params: { path }, signal }),
      )
      return { channels: (wire.channels ?? []).map(channelOf), setups: (wire.providers ?? []).map(setupOf) }
    },
  })

/** What an admin says of a number; what is left out stays as it is. Secrets are never read back. */
export type ChannelDraft = Partial<{
  name: string
  number: string
  baseUrl: string
  accountId: string
  senderId: string
  worker: Worker
  workerRules: readonly WorkerRule[]
  workerWaits: WorkerWaits
  mode: Mode
  paused: boolean
  apiKey: string
  keyId: string
  signingKey: string
  limits: Limits
  /** null takes it away. */
  fallback: Fallback | null
}>

/** What is to be entered at the provider, shown this once. */
export type ShownSecret =
  | { kind: 'header'; name: string; value: string }
  | { kind: 'basic'; username: string; password: string }
  | { kind: 'verify_token'; token: string }
  | undefined

export async function connectChannel(
  slug: string,
  provider: Provider,
  draft: ChannelDraft,
): Promise<{ channel: Channel; secret: ShownSecret }> {
  const wire = await unwrap(
    client(slug).POST('/routes/tenants/{tenant_id}/channels', {
      params: { path: { tenant_id: slug } },
      body: { provider, ...wireOf(draft) },
    }),
  )
  return { channel: channelOf(wire), secret: shownOf(wire.webhook) }
}

export async function changeChannel(slug: string, id: string, draft: ChannelDraft): Promise<Channel> {
  const path = { tenant_id: slug, id }
  return channelOf(
    await unwrap(
      client(slug).PATCH('/routes/tenants/{tenant_id}/channels/{id}', {
        params: { path },
        body: wireOf(draft),
      }),
    ),
  )
}

export async function deleteChannel(slug: string, id: string): Promise<void> {
  const path = { tenant_id: slug, id }
  await done(client(slug).DELETE('/routes/tenants/{tenant_id}/channels/{id}', { params: { path } }))
}

/** Makes the webhook secret anew; the one before still works until it is forgotten. */
export async function renewSecret(slug: string, id: string): Promise<ShownSecret> {
  const path = { tenant_id: slug, id }
  const wire = await unwrap(
    client(slug).POST('/routes/tenants/{tenant_id}/channels/{id}/webhook-secret', { params: { path } }),
  )
  return shownOf(wire.webhook)
}

export async function forgetPreviousSecret(slug: string, id: string): Promise<void> {
  const path = { tenant_id: slug, id }
  await unwrap(
    client(slug).DELETE('/routes/tenants/{tenant_id}/channels/{id}/webhook-secret/previous', {
      params: { path },
    }),
  )
}

export const testCodes = [
  'credentials_missing',
  'provider_unreachable',
  'provider_refused',
  'provider_host',
] as const
export type TestOutcome = { ok: true } | { ok: false; code: string; message: string }

/** Really calls the provider, and sends nobody anything. */
export async function testChannel(slug: string, id: string): Promise<TestOutcome> {
  const path = { tenant_id: slug, id }
  const wire = await unwrap(
    client(slug).POST('/routes/tenants/{tenant_id}/channels/{id}/test', { params: { path } }),
  )
  return wire.ok ? { ok: true } : { ok: false, code: wire.code ?? '', message: wire.message }
}

export type ChannelError = { reason: string; body: string; at: Date }

export const channelErrorsQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: channelKeys.errors(slug, id),
    queryFn: async ({ signal }): Promise<ChannelError[]> => {
      const params = { path: { tenant_id: slug, id }, query: { limit: 20 } }
      const wire = await unwrap(
        client(slug).GET('/routes/tenants/{tenant_id}/channels/{id}/errors', { params, signal }),
      )
      return (wire.errors ?? []).map((one) => ({ ...one, at: new Date(one.at) }))
    },
  })

function wireOf(draft: ChannelDraft): WireDraft {
  const { name, number, baseUrl, accountId, senderId, worker, paused, apiKey, keyId, signingKey } = draft
  const { limits, fallback, workerRules, workerWaits, mode } = draft
  const said = {
    name,
    number,
    base_url: baseUrl,
    account_id: accountId,
    sender_id: senderId,
    worker,
    mode,
    both_wait_seconds: workerWaits?.both,
    outside_wait_seconds: workerWaits?.outside,
    worker_rules: workerRules?.map((rule) => ({ ...rule, words: [...rule.words] })),
    status: paused === undefined ? undefined : paused ? ('paused' as const) : ('active' as const),
    credentials: apiKey ? { api_key: apiKey, ...(keyId ? { key_id: keyId } : {}) } : undefined,
    webhook_secret: signingKey ? { signing_key: signingKey } : undefined,
    limits: limits && {
      messages_per_second: limits.perSecond,
      pair_interval_seconds: limits.pairSeconds,
      pair_burst: limits.pairBurst,
    },
    fallback_template: fallback === null ? { name: '' } : fallback,
  }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as WireDraft
}

const date = (at: string | undefined): Date | undefined => (at ? new Date(at) : undefined)

export function channelOf(wire: Wire): Channel {
  const lastErrorAt = date(wire.last_error_at)
  return {
    id: wire.id,
    provider: wire.provider,
    name: wire.name,
    number: wire.number,
    baseUrl: wire.base_url,
    accountId: wire.account_id ?? '',
    senderId: wire.sender_id ?? '',
    worker: wire.worker,
    mode: wire.mode,
    workerWaits: { both: wire.both_wait_seconds, outside: wire.outside_wait_seconds },
    workerRules: (wire.worker_rules ?? []).map((rule) => ({ ...rule, words: rule.words ?? [] })),
    paused: wire.status === 'paused',
    credentials: wire.credentials.fingerprint,
    webhookSecret: wire.webhook_secret.fingerprint,
    previousSecret: wire.webhook_secret.previous_fingerprint,
    webhookUrl: wire.webhook_url,
    health: wire.health,
    trouble: wire.trouble,
    healthMessage: wire.health_message,
    limits: {
      perSecond: wire.limits.messages_per_second,
      pairSeconds: wire.limits.pair_interval_seconds,
      pairBurst: wire.limits.pair_burst,
    },
    fallback: wire.fallback_template && {
      name: wire.fallback_template.name,
      language: wire.fallback_template.language ?? '',
    },
    lastInboundAt: date(wire.last_inbound_at),
    lastWebhookAt: date(wire.last_webhook_at),
    lastRefusedAt: date(wire.last_refused_at),
    lastError: wire.last_error && lastErrorAt ? { text: wire.last_error, at: lastErrorAt } : undefined,
    createdAt: new Date(wire.created_at),
  }
}

const isField = (name: string): name is ProviderField => (providerFields as readonly string[]).includes(name)

function setupOf(wire: components['schemas']['ProviderView']): Setup {
  return {
    provider: wire.name,
    needs: (wire.fields ?? []).flatMap(({ name, required, secret }) =>
      isField(name) ? [{ field: name, required, secret }] : [],
    ),
    invents: wire.invents,
  }
}

function shownOf(wire: components['schemas']['WebhookSecret']): ShownSecret {
  if (wire.header_name && wire.header_value)
    return { kind: 'header', name: wire.header_name, value: wire.header_value }
  if (wire.username && wire.password)
    return { kind: 'basic', username: wire.username, password: wire.password }
  if (wire.verify_token) return { kind: 'verify_token', token: wire.verify_token }
  return undefined
}
