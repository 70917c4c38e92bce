import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

export type Contact = { id: string; name: string | undefined; phone: string | undefined }
/** What a provider calls the person on a number of ours: by a phone number, or by an id that outlives it. */
export type Identity = components['schemas']['ContactIdentity']
/** A contact with what is known of the person whom it stands for. */
export type Person = Contact & {
  /** The other contacts of the same person, each with the one whose merging can be taken back to part the two. */
  same: readonly (Contact & { parts: string })[]
  identities: readonly Identity[]
  optOuts: readonly {
    scope: 'marketing' | 'all'
    source: 'contact' | 'provider' | 'unreachable'
    since: Date
  }[]
}

// An event of a contact makes these old as well.
export const personQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: [slug, 'conversations', 'person', id] as const,
    queryFn: async ({ signal }): Promise<Person> => {
      const wire = await unwrap(
        client(slug).GET('/routes/contacts/{id}', { params: { path: { id } }, signal }),
      )
      return {
        ...contactOf(wire),
        same: (wire.same_person ?? []).map((one) => ({
          ...contactOf(one),
          parts: one.merged_into ? one.id : wire.id,
        })),
        identities: wire.identities ?? [],
        optOuts: (wire.opt_outs ?? []).map((one) => ({ ...one, since: new Date(one.since) })),
      }
    },
  })

/** Says that two contacts are the same person. It can be taken back. */
export async function mergeContacts(slug: string, id: string, other: string): Promise<void> {
  const params = { path: { id } }
  await unwrap(client(slug).POST('/routes/contacts/{id}/merge', { params, body: { contact_id: other } }))
}

/** Makes a merged contact a person of their own again. */
export async function unmergeContact(slug: string, id: string): Promise<void> {
  await unwrap(client(slug).POST('/routes/contacts/{id}/unmerge', { params: { path: { id } } }))
}

const contactOf = ({ id, name, phone }: { id: string; name: string; phone: string }): Contact => ({
  id,
  name: name || undefined,
  phone: phone || undefined,
})
