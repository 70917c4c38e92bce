import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

export const sizes = ['1-10', '11-50', '51-200', '201-1000', '1000+'] as const
export type Size = (typeof sizes)[number] | ''
export const contactKinds = ['primary', 'billing', 'technical'] as const
export type ContactKind = (typeof contactKinds)[number]
export type Contact = { name: string; email: string; phone: string }

/** Who a tenant is, for the platform's operator. */
export type Profile = {
  company: string
  industry: string
  size: Size
  timeZone: string
  contacts: Record<ContactKind, Contact>
  domain: string
}

/** A host of the tenant's own: it is served once a record in DNS proves that it is theirs. */
export type Domain = {
  name: string
  verified: boolean
  record: { type: string; name: string; value: string }
}
export type Known = { profile: Profile; domain: Domain | undefined }

type Wire = components['schemas']['ProfileOutputBody']

export const profileQuery = (slug: string) =>
  queryOptions({
    queryKey: [slug, 'profile'] as const,
    queryFn: async ({ signal }) =>
      knownOf(await unwrap(client(slug).GET('/routes/tenant-profile', { signal }))),
  })

export async function changeProfile(slug: string, profile: Profile): Promise<Known> {
  const { company, industry, size, contacts } = profile
  const body = {
    company,
    industry,
    size,
    contacts,
    time_zone: profile.timeZone,
    custom_domain: profile.domain,
  }
  return knownOf(await unwrap(client(slug).PUT('/routes/tenant-profile', { body })))
}

/** Asks DNS now. Gives what it came to, in a sentence. */
export async function verifyDomain(slug: string): Promise<{ message: string }> {
  const { message } = await unwrap(client(slug).POST('/routes/tenant-profile/domain/verify'))
  return { message }
}

const contactOf = (wire: { name?: string; email?: string; phone?: string }): Contact => ({
  name: wire.name ?? '',
  email: wire.email ?? '',
  phone: wire.phone ?? '',
})

function knownOf(wire: Wire): Known {
  return {
    profile: {
      company: wire.company,
      industry: wire.industry,
      size: wire.size,
      timeZone: wire.time_zone,
      contacts: {
        primary: contactOf(wire.contacts.primary),
        billing: contactOf(wire.contacts.billing),
        technical: contactOf(wire.contacts.technical),
      },
      domain: wire.custom_domain,
    },
    domain: wire.domain && {
      name: wire.domain.domain,
      verified: wire.domain.verified,
      record: wire.domain.record,
    },
  }
}
