import { queryOptions } from '@tanstack/react-query'
import { authorizedFetch, client, unwrap } from './client.ts'
import { problemOf } from './problem.ts'
import type { components, paths } from './schema.d.ts'
import { upload } from './upload.ts'

export type WireMedia = components['schemas']['Media']
export type MediaKind = WireMedia['kind']
export type Media = {
  id: string
  kind: MediaKind
  state: WireMedia['state']
  reason: WireMedia['reason']
  type: string | undefined
  filename: string | undefined
  size: number
  scanned: boolean
  /** What is said in a recording. */
  transcript: string | undefined
}

export const mediaOf = (wire: WireMedia): Media => ({
  id: wire.id,
  kind: wire.kind,
  state: wire.state,
  reason: wire.reason,
  type: wire.type || undefined,
  filename: wire.filename || undefined,
  size: wire.size ?? 0,
  scanned: wire.scan === 'clean',
  transcript: (wire.kind === 'voice' || wire.kind === 'audio') && wire.text ? wire.text : undefined,
})

/** The bytes of a file that is kept. They are fetched with the token, which an <img> could not show. */
export const mediaBytesQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: [slug, 'media', id],
    staleTime: Number.POSITIVE_INFINITY, // a file never changes
    gcTime: 60_000,
    queryFn: async ({ signal }): Promise<Blob> => {
      const address = new URL(`/routes/media/${encodeURIComponent(id)}`, window.location.origin)
      const response = await authorizedFetch(new Request(address, { signal }), slug)
      if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined))
      return await response.blob()
    },
  })

/** Has the server ask the provider once more for a file that could not be fetched. */
export async function fetchMediaAgain(slug: string, id: string): Promise<void> {
  await unwrap(client(slug).POST('/routes/media/{id}/fetch', { params: { path: { id } } }))
}

const uploadPath = '/routes/media' satisfies keyof paths

/** Uploads a file that a message is to send. */
export async function uploadMedia(
  slug: string,
  file: File,
  kind: MediaKind | undefined,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<Media> {
  const path = kind ? `${uploadPath}?kind=${kind}` : uploadPath
  const answer = await upload(path, { file }, onProgress, signal, slug)
  return mediaOf((await answer.json()) as WireMedia)
}
