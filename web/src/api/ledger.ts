import { infiniteQueryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

type Wire = components['schemas']['LedgerLine']

/** What became of a customer's message. Every one ends somewhere. */
export type End = Wire['end']
export const ends = [
  'waiting',
  'answered',
  'handed_over',
  'suppressed',
  'silent',
  'unknown',
  'failed',
] as const satisfies readonly End[]

export type LedgerLine = {
  id: string
  /** As the provider names it. */
  providerId: string
  conversation: string
  type: string
  end: End
  reason: string
  receivedAt: Date
}

type Page = { lines: LedgerLine[]; next: string | undefined }

/** The newest first. An event of a conversation makes it old. */
export const ledgerQuery = (slug: string, end: End | '') =>
  infiniteQueryOptions({
    queryKey: [slug, 'conversations', 'ledger', end] as const,
    // A message that needs no answer ends without an event.
    refetchInterval: (query) =>
      query.state.data?.pages.some(({ lines }) => lines.some((line) => line.end === 'waiting'))
        ? 3_000
        : false,
    initialPageParam: '',
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<Page> => {
      const query = { limit: 50, ...(end ? { end } : {}), ...(pageParam ? { cursor: pageParam } : {}) }
      const params = { path: { tenant_id: slug }, query }
      const wire = await unwrap(client(slug).GET('/routes/tenants/{tenant_id}/inbound', { params, signal }))
      return { lines: (wire.messages ?? []).map(lineOf), next: wire.next_cursor || undefined }
    },
  })

const lineOf = (wire: Wire): LedgerLine => ({
  id: wire.message_id,
  providerId: wire.provider_message_id,
  conversation: wire.conversation_id,
  type: wire.type,
  end: wire.end,
  reason: wire.reason ?? '',
  receivedAt: new Date(wire.received_at),
})
