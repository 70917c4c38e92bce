import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

// The tenants as the platform's operator sees them. What is here is nobody's but a super admin's, or an admin's to read.

export type TenantStatus = components['schemas']['TenantBody']['status']
export type TenantRow = {
  id: string
  slug: string
  name: string
  /** Where its own n8n answers, or empty. */
  n8n: string
  status: TenantStatus
  since: Date
  createdAt: Date
}

const keys = {
  all: ['admin', 'tenants'] as const,
  list: (search: string) => ['admin', 'tenants', 'list', search] as const,
  one: (tenant: string) => ['admin', 'tenants', 'one', tenant] as const,
  status: (tenant: string) => ['admin', 'tenants', 'one', tenant, 'status'] as const,
}
export const tenantKeys = keys

const step = 50

export const tenantsQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: keys.list(search),
    initialPageParam: 0,
    getNextPageParam: (last: { rows: TenantRow[]; total: number; skip: number }) =>
      last.skip + last.rows.length < last.total && last.rows.length > 0
        ? last.skip + last.rows.length
        : undefined,
    queryFn: async ({ signal, pageParam: skip }) => {
      const query = { skip, limit: step, ...(search ? { search } : {}) }
      const wire = await unwrap(client('').GET('/routes/tenants', { params: { query }, signal }))
      return { rows: (wire.tenants ?? []).map(rowOf), total: wire.total_count, skip }
    },
  })

export const adminTenantQuery = (tenant: string) =>
  queryOptions({
    queryKey: keys.one(tenant),
    queryFn: async ({ signal }) => {
      const path = { tenant_slug: tenant }
      return rowOf(
        await unwrap(client('').GET('/routes/tenants/{tenant_slug}', { params: { path }, signal })),
      )
    },
  })

export const changeTenant = async (tenant: string, to: { name: string; n8n: string }): Promise<void> => {
  const path = { tenant_slug: tenant }
  const body = { name: to.name, n8n_url: to.n8n }
  await unwrap(client('').PUT('/routes/tenants/{tenant_slug}', { params: { path }, body }))
}

export type Setup = { slug: string; name: string; owner: string; n8n: string }
/** link: the owner's invitation, to hand out where no mail takes it. */
export type Provisioned = { slug: string; message: string; link: string | undefined }

/** Makes a tenant, or finishes what is missing of one that was begun. */
export async function provision({ slug, name, owner, n8n }: Setup): Promise<Provisioned> {
  const body = {
    tenant_slug: slug,
    owner_email: owner,
    ...(name ? { tenant_name: name } : {}),
    ...(n8n ? { n8n_url: n8n } : {}),
  }
  const wire = await unwrap(client('').POST('/routes/api/v1/admin/tenants/provision', { body }))
  return { slug: wire.tenant_slug, message: wire.message, link: wire.invitation_link || undefined }
}

function rowOf(wire: components['schemas']['TenantBody']): TenantRow {
  return {
    id: wire.id,
    slug: wire.slug,
    name: wire.name,
    n8n: wire.n8n_url,
    status: wire.status,
    since: new Date(wire.status_since),
    createdAt: new Date(wire.created_at),
  }
}
