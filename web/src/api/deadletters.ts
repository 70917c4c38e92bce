import { infiniteQueryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

/** What failed for good: a message of ours that did not go out, or a customer's turn that nobody answered. */
export type DeadLetter = {
  id: string
  kind: 'message' | 'turn'
  conversation: string
  /** Whom it concerns, as the inbox calls them. */
  contact: string
  text: string
  /** Whether it arrived is not known: sent again it may arrive twice. */
  unknown: boolean
  reason: string
  failedAt: Date
}

type Page = { letters: DeadLetter[]; next: string | undefined }

// An event of a conversation makes these old as well.
export const deadLetterKeys = { all: (slug: string) => [slug, 'conversations', 'dead-letters'] as const }

/** The newest first. */
export const deadLettersQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: deadLetterKeys.all(slug),
    initialPageParam: '',
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<Page> => {
      const query = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }
      const params = { path: { tenant_id: slug }, query }
      const wire = await unwrap(
        client(slug).GET('/routes/tenants/{tenant_id}/dead-letters', { params, signal }),
      )
      return { letters: (wire.dead_letters ?? []).map(letterOf), next: wire.next_cursor || undefined }
    },
  })

/** Sends a message again, or has a turn answered again. */
export async function resendDeadLetter(slug: string, { id, kind, unknown }: DeadLetter): Promise<void> {
  const params = { path: { tenant_id: slug, id } }
  await unwrap(
    client(slug).POST('/routes/tenants/{tenant_id}/dead-letters/{id}/resend', {
      params,
      body: { kind, may_arrive_twice: unknown },
    }),
  )
}

/** Puts it aside; its conversation keeps it. */
export async function discardDeadLetter(slug: string, { id, kind }: DeadLetter): Promise<void> {
  const params = { path: { tenant_id: slug, id } }
  await done(
    client(slug).POST('/routes/tenants/{tenant_id}/dead-letters/{id}/discard', { params, body: { kind } }),
  )
}

function letterOf(wire: components['schemas']['DeadLetter']): DeadLetter {
  const { id, kind, text, unknown, reason, contact } = wire
  return {
    ...{ id, kind, text, unknown, reason },
    conversation: wire.conversation_id,
    contact: contact.name || contact.phone || '',
    failedAt: new Date(wire.failed_at),
  }
}
