import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import { session } from '../../api/client.ts'
import { config } from '../../api/config.ts'
import { knowledgeKeys, newsOf, unfinished, uploadFile } from '../../api/knowledge.ts'
import { policiesQuery } from '../../api/policies.ts'
import type { ServerEvent } from '../../lib/sse.ts'
import { useEvents } from '../shell/live.ts'
import { refusalOf } from './refusal.ts'
import { type Queue, Uploads } from './uploads.ts'

// They go on while a person looks at another page, so they belong to the tenant and not to a component.
const perTenant = new Map<string, Uploads>()

function uploadsOf(queries: QueryClient, slug: string): Uploads {
  const known = perTenant.get(slug)
  if (known) return known
  const uploads = new Uploads({
    send: ({ file, title }, onProgress, signal) => uploadFile(slug, file, title, onProgress, signal),
    refusal: (file) => {
      const policies = queries.getQueryData(policiesQuery(slug).queryKey)
      if (!policies) return undefined // the server will say it
      const { fileTypes: types, maxUpload } = config()
      const maxBytes = Math.min(policies.maxFileSizeMb * 2 ** 20, maxUpload)
      return refusalOf(file, { types, allowed: policies.allowedFileTypes, maxBytes })
    },
    onIdle: () => void queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) }),
  })
  perTenant.set(slug, uploads)
  return uploads
}

addEventListener('online', () => {
  for (const uploads of perTenant.values()) uploads.goOn()
})
addEventListener('beforeunload', (event) => {
  if (![...perTenant.values()].some((uploads) => uploads.pending())) return
  event.preventDefault()
  event.returnValue = true // what Chrome went by before 119
})
session.subscribe(() => {
  if (session.state.status !== 'signed-out') return
  for (const uploads of perTenant.values()) uploads.end()
})

export function useUploads(slug: string): { uploads: Uploads; queue: Queue } {
  const uploads = uploadsOf(useQueryClient(), slug)
  return { uploads, queue: useSyncExternalStore(uploads.subscribe, uploads.get) }
}

/** Keeps the uploads of the tenant on the screen told of what becomes of their files. */
export function useUploadNews(slug: string): void {
  const uploads = uploadsOf(useQueryClient(), slug)
  useEvents(
    useCallback(
      (event: ServerEvent) => {
        if (event.type === 'knowledge.item') {
          const news = newsOf(event.data)
          if (news) uploads.heard(news)
        } else if (event.type === 'ready' || event.type === 'reset') {
          void catchUp(slug, uploads)
        }
      },
      [slug, uploads],
    ),
  )
}

/** The line was away, and what was said meanwhile with it. */
async function catchUp(slug: string, uploads: Uploads): Promise<void> {
  const asked = uploads.reading()
  if (asked.length === 0) return
  try {
    uploads.settle(asked, await unfinished(slug))
  } catch {
    // The line is as bad for this question; its next opening asks again.
  }
}
