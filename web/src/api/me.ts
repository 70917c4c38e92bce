import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'

export type Role = 'owner' | 'admin' | 'member'
export type Membership = { slug: string; role: Role }
/** What somebody is on the platform, beside their roles in tenants: an admin reads the administration, a super admin acts. */
export type PlatformRole = 'user' | 'admin' | 'super_admin'
export type Me = {
  email: string
  platform: PlatformRole
  memberships: Membership[]
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

/** What somebody is in a tenant. */
export function roleIn(me: Me, slug: string): Role | undefined {
  return me.memberships.find((one) => one.slug === slug)?.role
}
