import { infiniteQueryOptions } from '@tanstack/react-query'
import { authorizedFetch, client, unwrap } from './client.ts'
import { problemOf } from './problem.ts'
import type { components } from './schema.d.ts'

/** One thing that was done, by whom, to what, and how it ended. */
export type AuditLine = {
  id: string
  at: Date
  actor: string
  /** Who acted in the actor's place, as a visitor does. */
  impersonator: string | undefined
  action: string
  object: string
  outcome: 'done' | 'denied' | 'failed'
  requestId: string | undefined
  detail: readonly (readonly [name: string, value: string])[]
}
export type AuditFilter = { actor?: string; action?: string; from?: string; to?: string }
export type Verdict = {
  whole: boolean
  lines: number
  lastHash: string
  broken: { seq: number; reason: string } | undefined
}

type Page = { rows: AuditLine[]; next: string | undefined }

/** The log of a tenant; the platform's own where the slug is empty. */
export const auditQuery = (slug: string, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: [slug || 'admin', 'audit-log', filter] as const,
    initialPageParam: '',
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<Page> => {
      const query = { limit: 50, ...wireFilter(filter), ...(pageParam ? { cursor: pageParam } : {}) }
      const wire = await unwrap(
        slug
          ? client(slug).GET('/routes/tenants/{tenant_id}/audit-log', {
              params: { path: { tenant_id: slug }, query },
              signal,
            })
          : client('').GET('/routes/admin/audit-log', { params: { query }, signal }),
      )
      return { rows: (wire.lines ?? []).map(lineOf), next: wire.next_cursor || undefined }
    },
  })

/** Whether the log is whole: every line chained to the one before, none changed, none missing. */
export async function verifyAudit(slug: string): Promise<Verdict> {
  const wire = await unwrap(
    slug
      ? client(slug).GET('/routes/tenants/{tenant_id}/audit-log/verify', {
          params: { path: { tenant_id: slug } },
        })
      : client('').GET('/routes/admin/audit-log/verify'),
  )
  return { whole: wire.whole, lines: wire.lines, lastHash: wire.last_hash, broken: wire.break }
}

/** All lines that the filter lets through, as a file. */
export async function exportAudit(slug: string, filter: AuditFilter): Promise<Blob> {
  const path = slug
    ? `/routes/tenants/${encodeURIComponent(slug)}/audit-log/export`
    : '/routes/admin/audit-log/export'
  const address = new URL(path, location.origin)
  for (const [name, value] of Object.entries({ ...wireFilter(filter), format: 'csv' }))
    address.searchParams.set(name, value)
  const response = await authorizedFetch(new Request(address), slug || undefined)
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined))
  return response.blob()
}

/** A day of the form is a whole day here: the last one counts too, so the server's end is the day after it. */
export function wireFilter({ actor, action, from, to }: AuditFilter): Record<string, string> {
  const day = (text: string, more: number) => {
    const [year = 0, month = 1, date = 1] = text.split('-').map(Number)
    return new Date(year, month - 1, date + more).toISOString()
  }
  return {
    ...(actor ? { actor } : {}),
    ...(action ? { action } : {}),
    ...(from ? { from: day(from, 0) } : {}),
    ...(to ? { to: day(to, 1) } : {}),
  }
}

function lineOf(wire: components['schemas']['AuditLine']): AuditLine {
  return {
    id: wire.id,
    at: new Date(wire.at),
    actor: wire.actor,
    impersonator: wire.impersonator || undefined,
    action: wire.action,
    object: wire.object,
    outcome: wire.outcome,
    requestId: wire.request_id || undefined,
    detail: Object.entries(wire.detail ?? {}),
  }
}
