import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'

/** One thing that is remembered of a person. */
export type Memory = {
  id: string
  kind: 'fact' | 'preference' | 'promise'
  /** What it says something of; one thing holds of a subject at a time. */
  subject: string
  text: string
  /** Of health or belief: kept with the customer's consent alone. */
  sensitive: boolean
  source: 'customer' | 'member'
  confirmedAt: Date
}

// An event of a contact makes these old as well.
export const memoryKeys = {
  of: (slug: string, contact: string) => [slug, 'conversations', 'memory', contact] as const,
}

/** What is remembered of the person whom a contact stands for, the last said first. */
export const memoryQuery = (slug: string, contact: string) =>
  queryOptions({
    queryKey: memoryKeys.of(slug, contact),
    queryFn: async ({ signal }): Promise<Memory[]> => {
      const params = { path: { id: contact } }
      const wire = await unwrap(client(slug).GET('/routes/contacts/{id}/memory', { params, signal }))
      return (wire.memories ?? []).map((one) => ({
        id: one.id,
        kind: one.kind,
        subject: one.subject,
        text: one.text,
        sensitive: one.sensitive,
        source: one.source,
        confirmedAt: new Date(one.confirmed_at),
      }))
    },
  })

/** Gives something that is remembered another text. */
export async function correctMemory(slug: string, contact: string, id: string, text: string): Promise<void> {
  const params = { path: { id: contact } }
  await unwrap(client(slug).PATCH('/routes/contacts/{id}/memory', { params, body: { memory_id: id, text } }))
}

/** Erases something that is remembered, or, without an id, everything. */
export async function eraseMemory(slug: string, contact: string, id?: string): Promise<void> {
  const params = { path: { id: contact }, query: id ? { memory_id: id } : {} }
  await unwrap(client(slug).DELETE('/routes/contacts/{id}/memory', { params }))
}
