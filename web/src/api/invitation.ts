import { queryOptions } from '@tanstack/react-query'
import { client, local, publicClient, unwrap } from './client.ts'
import type { Role } from './me.ts'

/** What whoever holds the link of an invitation may see of it. The address is masked. */
export type Invitation = {
  slug: string
  tenant: string
  email: string
  role: Role
  expiresAt: Date
  /** The address has an account already: its holder signs in first. */
  hasAccount: boolean
}

export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token] as const,
    queryFn: async ({ signal }): Promise<Invitation> => {
      const path = { token }
      const wire = await unwrap(publicClient.GET('/auth/invitations/{token}', { params: { path }, signal }))
      return {
        slug: wire.tenant.slug,
        tenant: wire.tenant.name,
        email: wire.email,
        role: wire.role,
        expiresAt: new Date(wire.expires_at),
        hasAccount: wire.has_account,
      }
    },
  })

/** Joins as a new person, who is signed in with it, or as who is signed in already. Gives the tenant's slug. */
export async function acceptInvitation(token: string, password?: string): Promise<string> {
  const wire = await unwrap(
    (password ? publicClient : client('')).POST('/auth/invitations/{token}/accept', {
      params: { path: { token } },
      body: password ? { password } : {},
    }),
  )
  if (wire.session) local.adopt(wire.session)
  return wire.tenant_slug
}
