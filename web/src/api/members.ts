import { infiniteQueryOptions } from '@tanstack/react-query'
import type { Language } from '../lib/language.ts'
import { client, done, unwrap } from './client.ts'
import type { Role } from './me.ts'
import type { components } from './schema.d.ts'

/** Somebody of a team, or somebody who is invited into it (pending). */
export type Member = {
  id: string
  email: string
  /** The issuer's own id of the person, which the audit log names; none while pending. */
  userId: string | undefined
  role: Role
  status: 'pending' | 'active' | 'inactive'
  since: Date
  expiresAt: Date | undefined
  mail: 'none' | 'queued' | 'sent' | 'failed' | undefined
  you: boolean
}

type Page = { rows: Member[]; next: string | undefined }
const key = (slug: string) => [slug, 'members'] as const
export const membersKey = key

export const membersQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: key(slug),
    initialPageParam: '',
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<Page> => {
      const call = client(slug).GET('/routes/tenants/{tenant_slug}/members', {
        params: {
          path: { tenant_slug: slug },
          query: { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) },
        },
        signal,
      })
      const wire = await unwrap(call)
      return { rows: (wire.members ?? []).map(memberOf), next: wire.next_cursor || undefined }
    },
  })

/** An invitation that was made; its link is there where it does not go by mail alone. */
export type Invited = { email: string; link: string | undefined }

export async function invite(slug: string, email: string, role: Role, language: Language): Promise<Invited> {
  const wire = await unwrap(
    client(slug).POST('/routes/tenants/{tenant_slug}/members', {
      params: { path: { tenant_slug: slug } },
      body: { email, role, language },
    }),
  )
  return { email: wire.email, link: wire.link || undefined }
}

/** Another link for an open invitation; the old one ends. */
export async function inviteAgain(slug: string, id: string): Promise<Invited> {
  const wire = await unwrap(
    client(slug).POST('/routes/tenants/{tenant_slug}/members/{id}/invite-again', {
      params: { path: { tenant_slug: slug, id } },
    }),
  )
  return { email: wire.email, link: wire.link || undefined }
}

export async function changeMember(
  slug: string,
  id: string,
  change: { role?: Role; status?: 'active' | 'inactive' },
): Promise<void> {
  await unwrap(
    client(slug).PATCH('/routes/tenants/{tenant_slug}/members/{id}', {
      params: { path: { tenant_slug: slug, id } },
      body: change,
    }),
  )
}

/** Removes a member, or revokes an invitation. */
export const removeMember = (slug: string, id: string): Promise<void> =>
  done(
    client(slug).DELETE('/routes/tenants/{tenant_slug}/members/{id}', {
      params: { path: { tenant_slug: slug, id } },
    }),
  )

/** The roles that somebody may give: an owner is an owner's business. */
export const rolesToGive = (own: Role): readonly Role[] =>
  own === 'owner' ? ['member', 'admin', 'owner'] : ['member', 'admin']

/** Whether somebody may change this member at all. */
export const mayChange = (own: Role, member: Member): boolean =>
  own === 'owner' || (own === 'admin' && member.role !== 'owner')

function memberOf(wire: components['schemas']['MemberBody']): Member {
  return {
    id: wire.id,
    email: wire.email,
    userId: wire.user_id || undefined,
    role: wire.role,
    status: wire.status,
    since: new Date(wire.created_at),
    expiresAt: wire.expires_at ? new Date(wire.expires_at) : undefined,
    mail: wire.mail,
    you: wire.you,
  }
}
