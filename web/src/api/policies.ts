import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

export type Policies = {
  rateLimitPerMinute: number
  maxContextLength: number
  allowedFileTypes: readonly string[]
  maxFileSizeMb: number
  messageRetentionDays: number
  hotTtlDays: number
  inboxScope: InboxScope
  catalogEnabled: boolean
  confidenceThreshold: number
  taskDue: number
}
export type InboxScope = 'all' | 'assigned' | 'team'
export const inboxScopes = ['all', 'team', 'assigned'] as const satisfies readonly InboxScope[]

type Wire = components['schemas']['PoliciesBody']
// One name here is one name there: the form's errors come by the server's.
export const policyFields = {
  rateLimitPerMinute: 'rate_limit_per_minute',
  maxContextLength: 'max_context_length',
  allowedFileTypes: 'allowed_file_types',
  maxFileSizeMb: 'max_file_size_mb',
  messageRetentionDays: 'message_retention_days',
  hotTtlDays: 'hot_ttl_days',
  inboxScope: 'inbox_scope',
  catalogEnabled: 'catalog_enabled',
  confidenceThreshold: 'confidence_threshold',
  taskDue: 'task_due_minutes',
} as const satisfies Record<keyof Policies, keyof Wire>

export const policiesQuery = (slug: string) =>
  queryOptions({
    queryKey: [slug, 'policies'] as const,
    queryFn: async ({ signal }) => {
      const path = { tenant_slug: slug }
      return policiesOf(
        await unwrap(
          client(slug).GET('/routes/tenants/{tenant_slug}/policies', { params: { path }, signal }),
        ),
      )
    },
  })

/** Changes what is named; the server refuses what the caller may not. */
export async function changePolicies(slug: string, change: Partial<Policies>): Promise<Policies> {
  const body = Object.fromEntries(
    Object.entries(change).map(([name, value]) => [policyFields[name as keyof Policies], value]),
  )
  const path = { tenant_slug: slug }
  return policiesOf(
    await unwrap(client(slug).PUT('/routes/tenants/{tenant_slug}/policies', { params: { path }, body })),
  )
}

/** What an edit changes, so that nothing else is sent: an administrator may not even repeat what is the operator's. */
export function changed(before: Policies, after: Policies): Partial<Policies> {
  const names = Object.keys(policyFields) as (keyof Policies)[]
  return Object.fromEntries(
    names
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
      .map((name) => [name, after[name]]),
  )
}

function policiesOf(wire: Wire): Policies {
  return {
    rateLimitPerMinute: wire.rate_limit_per_minute,
    maxContextLength: wire.max_context_length,
    allowedFileTypes: wire.allowed_file_types ?? [],
    maxFileSizeMb: wire.max_file_size_mb,
    messageRetentionDays: wire.message_retention_days,
    hotTtlDays: wire.hot_ttl_days,
    inboxScope: wire.inbox_scope,
    catalogEnabled: wire.catalog_enabled,
    confidenceThreshold: wire.confidence_threshold,
    taskDue: wire.task_due_minutes,
  }
}
