import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import { knowledgeKeys } from './knowledge.ts'
import type { components } from './schema.d.ts'

type Wire = components['schemas']['KnowledgeVersion']

/** One kept version of an item. */
export type Version = {
  version: number
  chunks: number
  serving: boolean
  /** Why there is it, and who made it; not known of versions made before that was kept. */
  cause: NonNullable<Wire['cause']> | undefined
  by: string | undefined
  restored: number | undefined
  at: Date
}

/** An item's kept versions, newest first. A new version of the item is another list. */
export const versionsQuery = (slug: string, id: string, serving: number) =>
  queryOptions({
    queryKey: [...knowledgeKeys.item(slug, id), 'versions', serving] as const,
    queryFn: async ({ signal }): Promise<readonly Version[]> => {
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/items/{id}/versions', {
          params: { path: { tenant_slug: slug, id } },
          signal,
        }),
      )
      return (wire.versions ?? []).map(versionOf)
    },
  })

/** The Markdown of a version, which never changes. */
export const versionTextQuery = (slug: string, id: string, version: number) =>
  queryOptions({
    queryKey: [...knowledgeKeys.item(slug, id), 'text', version] as const,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/items/{id}/versions/{version}', {
          params: { path: { tenant_slug: slug, id, version } },
          signal,
        }),
      )
      return wire.markdown
    },
  })

export async function restoreVersion(slug: string, id: string, version: number): Promise<void> {
  await unwrap(
    client(slug).POST('/routes/knowledge/{tenant_slug}/items/{id}/versions/{version}/restore', {
      params: { path: { tenant_slug: slug, id, version } },
    }),
  )
}

function versionOf(wire: Wire): Version {
  return {
    version: wire.version,
    chunks: wire.chunks,
    serving: wire.serving,
    cause: wire.cause,
    by: wire.changed_by || undefined,
    restored: wire.restored || undefined,
    at: new Date(wire.created_at),
  }
}
