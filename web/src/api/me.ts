import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import { type Visit, visitOf } from './visits.ts'

export type Role = 'owner' | 'admin' | 'member'
export type Membership = { slug: string; role: Role }
/** What somebody is on the platform, beside their roles in tenants: an admin reads the administration, a super admin acts. */
export type PlatformRole = 'user' | 'admin' | 'super_admin'
export type Me = {
  email: string
  platform: PlatformRole
  memberships: Membership[]
  /** A super admin's stay in somebody else's tenant, while it runs. */
  visit: Visit | undefined
}

/** Who is signed in, and where they belong. Only memberships that are in force count. */
export const meQuery = () =>
  queryOptions({
    queryKey: ['me'] as const,
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Me> => {
      const wire = await unwrap(client('').GET('/routes/me/role', { signal }))
      return {
        email: wire.email,
        platform: wire.role,
        visit: wire.visit && visitOf(wire.visit),
        memberships: (wire.memberships ?? []).flatMap((one) =>
          one.status === 'active' ? [{ slug: one.tenant_slug, role: one.role as Role }] : [],
        ),
      }
    },
  })

export type Tenant = { id: string; slug: string; name: string; status: string }

export const tenantQuery = (slug: string) =>
  queryOptions({
    queryKey: [slug, 'tenant'] as const,
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Tenant> => {
      const wire = await unwrap(
        client(slug).GET('/routes/tenants/{tenant_slug}', {
          params: { path: { tenant_slug: slug } },
          signal,
        }),
      )
      return { id: wire.id, slug: wire.slug, name: wire.name, status: wire.status }
    },
  })

/** May this role change knowledge and settings? */
export const mayAdminister = (role: Role): boolean => role !== 'member'

/** What somebody is in a tenant: by membership, or, while a visit runs, an administrator. */
export function roleIn(me: Me, slug: string): Role | undefined {
  const membership = me.memberships.find((one) => one.slug === slug)
  if (membership) return membership.role
  return me.visit?.running && me.visit.slug === slug ? 'admin' : undefined
}
