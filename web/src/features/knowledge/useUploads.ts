import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { knowledgeKeys, uploadFile } from '../../api/knowledge.ts'
import { Uploads } from './uploads.ts'

// They go on while a person looks at another page, so they belong to the tenant and not to a component.
const perTenant = new WeakMap<QueryClient, Map<string, Uploads>>()

function uploadsOf(queries: QueryClient, slug: string): Uploads {
  const tenants = perTenant.get(queries) ?? new Map<string, Uploads>()
  perTenant.set(queries, tenants)
  let uploads = tenants.get(slug)
  if (!uploads) {
    uploads = new Uploads(
      (file, onProgress, signal) => uploadFile(slug, file, onProgress, signal),
      () => void queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) }),
    )
    tenants.set(slug, uploads)
  }
  return uploads
}

export function useUploads(slug: string) {
  const uploads = uploadsOf(useQueryClient(), slug)
  return { uploads, list: useSyncExternalStore(uploads.subscribe, uploads.get) }
}
