import { queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

/** A super admin's stay in a tenant: for a reason, for a time, and seen by the tenant's people. */
export type Visit = {
  id: string
  slug: string
  visitor: string
  reason: string
  running: boolean
  startedAt: Date
  endsAt: Date
  endedAt: Date | undefined
}

export const visitsKey = ['admin', 'visits'] as const

export const visitsQuery = () =>
  queryOptions({
    queryKey: visitsKey,
    queryFn: async ({ signal }) =>
      ((await unwrap(client('').GET('/routes/admin/visits', { signal }))).visits ?? []).map(visitOf),
  })

/** The visits to one tenant, for its own people. */
export const tenantVisitsQuery = (slug: string) =>
  queryOptions({
    queryKey: [slug, 'visits'] as const,
    queryFn: async ({ signal }) => {
      const path = { tenant_slug: slug }
      const call = client(slug).GET('/routes/tenants/{tenant_slug}/visits', { params: { path }, signal })
      return ((await unwrap(call)).visits ?? []).map(visitOf)
    },
  })

export async function startVisit(tenant: string, reason: string, minutes: number): Promise<Visit> {
  const body = { tenant_id: tenant, reason, minutes }
  return visitOf(await unwrap(client('').POST('/routes/admin/visits', { body })))
}

export const endVisit = (id: string): Promise<void> =>
  done(client('').DELETE('/routes/admin/visits/{id}', { params: { path: { id } } }))

export function visitOf(wire: components['schemas']['VisitBody']): Visit {
  return {
    id: wire.id,
    slug: wire.tenant_slug,
    visitor: wire.visitor,
    reason: wire.reason,
    running: wire.running,
    startedAt: new Date(wire.started_at),
    endsAt: new Date(wire.ends_at),
    endedAt: wire.ended_at ? new Date(wire.ended_at) : undefined,
  }
}
