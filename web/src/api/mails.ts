import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

/** A mail that was kept instead of sent, because this installation has no mail server. */
export type KeptMail = { id: string; to: string; kind: 'invitation' | 'reset'; at: Date }
export type Mail = { from: string; subject: string; text: string; html: string }

type Page = { rows: KeptMail[]; next: string | undefined }

export const mailsQuery = () =>
  infiniteQueryOptions({
    queryKey: ['admin', 'mail', 'list'] as const,
    initialPageParam: '',
    getNextPageParam: (last: Page) => last.next,
    refetchInterval: 15_000, // a job writes them, and no event says so
    queryFn: async ({ signal, pageParam }): Promise<Page> => {
      const query = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }
      const wire = await unwrap(client('').GET('/routes/admin/mail', { params: { query }, signal }))
      return { rows: (wire.mails ?? []).map(keptOf), next: wire.next_cursor || undefined }
    },
  })

export const mailQuery = (id: string) =>
  queryOptions({
    queryKey: ['admin', 'mail', 'one', id] as const,
    staleTime: Number.POSITIVE_INFINITY, // what was written stays written
    queryFn: async ({ signal }): Promise<Mail> => {
      const path = { id }
      const wire = await unwrap(client('').GET('/routes/admin/mail/{id}', { params: { path }, signal }))
      const from = wire.from_name ? `${wire.from_name} <${wire.from}>` : wire.from
      return { from, subject: wire.subject, text: wire.text, html: wire.html }
    },
  })

function keptOf(wire: components['schemas']['KeptMailBody']): KeptMail {
  return { id: wire.id, to: wire.to, kind: wire.kind, at: new Date(wire.created_at) }
}
