import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

/** Something that the people of a tenant should see to. */
export type Alert = {
  id: string
  kind: string
  severity: 'info' | 'warning' | 'urgent'
  /** What exactly, such as "channel <id>" or "template <name> <language>". */
  object: string
  /** The server's or the provider's own sentence. */
  detail: string
  raisedAt: Date
  resolvedAt: Date | undefined
}

type Page = { alerts: Alert[]; next: string | undefined }

export const alertKeys = { all: (slug: string) => [slug, 'alerts'] as const }

/** What is wrong now; more than is listed is not needed to know that a look is due. */
export const openAlertsQuery = (slug: string) =>
  queryOptions({
    queryKey: [...alertKeys.all(slug), 'open'] as const,
    queryFn: async ({ signal }) => (await page(slug, { open: true, limit: 200 }, signal)).alerts,
  })

/** All alerts, those that are over as well, the newest first. */
export const alertsQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: [...alertKeys.all(slug), 'every'] as const,
    initialPageParam: '',
    getNextPageParam: (last: Page) => last.next,
    queryFn: ({ signal, pageParam }) =>
      page(slug, { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
  })

/** Says that somebody has seen to it. What is still wrong raises it again. */
export async function resolveAlert(slug: string, id: string): Promise<Alert> {
  const path = { tenant_id: slug, id }
  return alertOf(
    await unwrap(client(slug).POST('/routes/tenants/{tenant_id}/alerts/{id}/resolve', { params: { path } })),
  )
}

async function page(
  slug: string,
  query: { open?: boolean; limit: number; cursor?: string },
  signal: AbortSignal,
): Promise<Page> {
  const params = { path: { tenant_id: slug }, query }
  const wire = await unwrap(client(slug).GET('/routes/tenants/{tenant_id}/alerts', { params, signal }))
  return { alerts: (wire.alerts ?? []).map(alertOf), next: wire.next_cursor || undefined }
}

function alertOf(wire: components['schemas']['Alert']): Alert {
  const { id, kind, severity, object, detail } = wire
  return {
    id,
    kind,
    severity,
    object,
    detail,
    raisedAt: new Date(wire.raised_at),
    resolvedAt: wire.resolved_at ? new Date(wire.resolved_at) : undefined,
  }
}
