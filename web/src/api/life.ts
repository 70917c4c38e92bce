import { queryOptions } from '@tanstack/react-query'
import { authorizedFetch, client, unwrap } from './client.ts'
import { problemOf } from './problem.ts'
import type { components } from './schema.d.ts'
import { type TenantStatus, tenantKeys } from './tenants.ts'

// A tenant's life: what state it is in, how far its setting up or its erasure is, and what may be done about it.

export const actions = ['suspend', 'reactivate', 'soft_delete', 'restore', 'hard_delete'] as const
export type Action = (typeof actions)[number]
export type Step = {
  name: string
  state: 'pending' | 'running' | 'done' | 'failed'
  problem: string | undefined
}
export type Standing = {
  id: string
  slug: string
  status: TenantStatus
  since: Date
  reason: string | undefined
  changedBy: string | undefined
  steps: readonly Step[]
  restorableUntil: Date | undefined
  allowed: readonly Action[]
}

/** Whether something of it is still on its way, so that it is worth asking again soon. */
export const isMoving = (standing: Standing): boolean =>
  standing.status === 'provisioning' ||
  standing.status === 'erasing' ||
  standing.steps.some((step) => step.state === 'running')

export const standingQuery = (tenant: string) =>
  queryOptions({
    queryKey: tenantKeys.status(tenant),
    queryFn: async ({ signal }) =>
      standingOf(
        await unwrap(client('').GET('/routes/status/{id}', { params: { path: { id: tenant } }, signal })),
      ),
    refetchInterval: ({ state }) => (state.data && isMoving(state.data) ? 1000 : false),
  })

/** Does something to a tenant. What is hard to undo may be refused with reauth_required. */
export async function act(tenant: string, action: Action, reason: string): Promise<void> {
  const body = { tenant_id: tenant, reason }
  switch (action) {
    case 'suspend':
      await unwrap(client('').POST('/routes/suspend', { body }))
      return
    case 'reactivate':
      await unwrap(client('').POST('/routes/reactivate', { body }))
      return
    case 'soft_delete':
      await unwrap(client('').POST('/routes/soft-delete', { body }))
      return
    case 'restore':
      await unwrap(client('').POST('/routes/restore', { body }))
      return
    case 'hard_delete':
      // Who is here typed the slug, or the button would not have come alive.
      await unwrap(client('').POST('/routes/hard-delete', { body: { ...body, confirm_slug: tenant } }))
  }
}

/** The signed report of an erasure, as the file that it is. */
export async function erasureReport(id: string): Promise<Blob> {
  const address = new URL(`/routes/status/${encodeURIComponent(id)}/erasure-report`, location.origin)
  const response = await authorizedFetch(new Request(address))
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined))
  return response.blob()
}

const isAction = (name: string): name is Action => (actions as readonly string[]).includes(name)

export function standingOf(wire: components['schemas']['StandingOutputBody']): Standing {
  return {
    id: wire.tenant_id,
    slug: wire.tenant_slug,
    status: wire.status,
    since: new Date(wire.since),
    reason: wire.reason || undefined,
    changedBy: wire.changed_by || undefined,
    steps: (wire.steps ?? []).map(({ name, state, error }) => ({ name, state, problem: error || undefined })),
    restorableUntil: wire.restorable_until ? new Date(wire.restorable_until) : undefined,
    // An action that we do not know yet has no button.
    allowed: (wire.allowed_actions ?? []).filter(isAction),
  }
}
