import { queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

/** What a token may be given; identity/permission.go has the same list. */
export const scopes = [
  'conversations:read',
  'conversations:write',
  'data:lookup',
  'knowledge:read',
  'knowledge:write',
  'memory:read',
  'memory:write',
  'messages:send',
  'pulse:read',
  'queue:work',
  'tasks:read',
  'tasks:write',
  'tools:use',
  'workflows:report',
] as const
export type Scope = (typeof scopes)[number]

export type ApiToken = {
  id: string
  name: string
  prefix: string
  scopes: readonly string[]
  createdAt: Date
  expiresAt: Date | undefined
  lastUsedAt: Date | undefined
}

const key = (slug: string) => [slug, 'api-tokens'] as const
export const tokensKey = key

export const tokensQuery = (slug: string) =>
  queryOptions({
    queryKey: key(slug),
    queryFn: async ({ signal }): Promise<ApiToken[]> => {
      const path = { tenant_slug: slug }
      const wire = await unwrap(
        client(slug).GET('/routes/tenants/{tenant_slug}/api-tokens', { params: { path }, signal }),
      )
      return (wire.tokens ?? []).map(tokenOf)
    },
  })

export type TokenDraft = { name: string; scopes: readonly Scope[]; expiresAt: Date | undefined }

/** Makes a token and gives its secret, which the server shows this once. */
export async function createToken(slug: string, draft: TokenDraft): Promise<string> {
  const wire = await unwrap(
    client(slug).POST('/routes/tenants/{tenant_slug}/api-tokens', {
      params: { path: { tenant_slug: slug } },
      body: {
        name: draft.name,
        scopes: [...draft.scopes],
        ...(draft.expiresAt ? { expires_at: draft.expiresAt.toISOString() } : {}),
      },
    }),
  )
  return wire.secret
}

export async function revokeToken(slug: string, id: string): Promise<void> {
  await done(
    client(slug).DELETE('/routes/tenants/{tenant_slug}/api-tokens/{id}', {
      params: { path: { tenant_slug: slug, id } },
    }),
  )
}

function tokenOf(wire: components['schemas']['TokenBody']): ApiToken {
  return {
    id: wire.id,
    name: wire.name,
    prefix: wire.prefix,
    scopes: wire.scopes ?? [],
    createdAt: new Date(wire.created_at),
    expiresAt: wire.expires_at ? new Date(wire.expires_at) : undefined,
    lastUsedAt: wire.last_used_at ? new Date(wire.last_used_at) : undefined,
  }
}
