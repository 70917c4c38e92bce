import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import { type Page, type Place, safeUrl } from './conversations.ts'
import { problemOf } from './problem.ts'
import type { components, paths } from './schema.d.ts'
import { upload } from './upload.ts'

type WireEntry = components['schemas']['KnowledgeEntry']
type WireChunk = components['schemas']['KnowledgeChunk']
type WirePassage = components['schemas']['KnowledgePassage']
type WireExpected = components['schemas']['KnowledgeExpected']

export type ItemStatus = 'processing' | 'embedded' | 'failed'
export type Item = {
  id: string
  title: string
  type: string | undefined
  source: string
  url: string | undefined
  status: ItemStatus
  problem: string | undefined
  progress: { stage: string; done: number; total: number } | undefined
  version: number
  /** The version that answers questions now; 0 when none does yet. */
  serving: number
  chunks: number
  updatedAt: Date
}
export type ItemPage = Page<Item> & { total: number }
export type Chunk = { id: string; path: readonly string[]; text: string; place: Place | undefined }
export type Passage = {
  id: string
  itemId: string
  title: string
  path: readonly string[]
  text: string
  source: string
  url: string | undefined
  place: Place | undefined
  /** When what its entry says last changed. */
  changedAt: Date
  /** Words of the passage that the question asks for. */
  highlights: readonly string[]
  score: number
  /** What each stage of the retrieval gave it, best stage first. */
  stages: readonly { name: string; score: number }[]
}
export type Found = {
  passages: readonly Passage[]
  corrected: string | undefined
  /** The chance that the answer is in these passages, 0 to 1. */
  answerable: number
  /** Words of the question that the knowledge does not hold. */
  unknown: readonly string[]
}
/** What became of an entry that a question should have found. */
export type Expected = {
  itemId: string
  title: string
  verdict: WireExpected['verdict']
  /** Why it could not be read. */
  problem: string | undefined
  /** The place of its best passage among all that were scored, from 1; 0 when none was. */
  rank: number
  scored: number
  passage: Passage | undefined
  answer: { action: string; confidence: number; threshold: number; usesItem: boolean }
}

const keys = {
  all: (slug: string) => [slug, 'knowledge'] as const,
  list: (slug: string, search: string) => [slug, 'knowledge', 'list', search] as const,
  item: (slug: string, id: string) => [slug, 'knowledge', 'item', id] as const,
  chunks: (slug: string, id: string) => [slug, 'knowledge', 'chunks', id] as const,
  search: (slug: string, query: string) => [slug, 'search', query] as const,
  expected: (slug: string, query: string, item: string) => [slug, 'search', query, item] as const,
}
export const knowledgeKeys = keys

const pageSize = 100

export const itemsQuery = (slug: string, search: string) =>
  infiniteQueryOptions({
    queryKey: keys.list(slug, search),
    initialPageParam: '',
    getNextPageParam: (last: ItemPage) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<ItemPage> => {
      const query = {
        limit: pageSize,
        ...(search ? { search } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      const call = client(slug).GET('/routes/knowledge/{tenant_slug}/index', {
        params: { path: { tenant_slug: slug }, query },
        signal,
      })
      const wire = await unwrap(call)
      return {
        rows: (wire.entries ?? []).map(itemOf),
        total: wire.total_count,
        next: wire.next_cursor || undefined,
      }
    },
    // Events tell of every change; while something is being read we also look, in case the line is down.
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.rows.some((row) => row.status === 'processing'))
        ? 4_000
        : false,
  })

export const itemQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: keys.item(slug, id),
    queryFn: async ({ signal }) =>
      itemOf(
        await unwrap(
          client(slug).GET('/routes/knowledge/{tenant_slug}/items/{id}', {
            params: { path: { tenant_slug: slug, id } },
            signal,
          }),
        ),
      ),
    refetchInterval: (query) => (query.state.data?.status === 'processing' ? 3_000 : false),
  })

/** All passages of an item, in the order of the document. */
export const chunksQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: keys.chunks(slug, id),
    queryFn: async ({ signal }): Promise<readonly Chunk[]> => {
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/items/{id}/chunks', {
          params: { path: { tenant_slug: slug, id } },
          signal,
        }),
      )
      return (wire.chunks ?? []).map(chunkOf)
    },
  })

export const searchQuery = (slug: string, query: string) =>
  queryOptions({
    queryKey: keys.search(slug, query),
    staleTime: 30_000,
    queryFn: async ({ signal }): Promise<Found> => {
      const wire = await unwrap(
        client(slug).POST('/routes/knowledge/{tenant_slug}/search', {
          params: { path: { tenant_slug: slug } },
          body: { query, limit: 8 },
          signal,
        }),
      )
      return {
        passages: (wire.passages ?? []).map(passageOf),
        corrected: wire.corrected_query || undefined,
        answerable: wire.signals.answerable,
        unknown: wire.signals.unknown ?? [],
      }
    },
  })

/** The same question, followed from one entry's side. */
export const expectedQuery = (slug: string, query: string, item: string) =>
  queryOptions({
    queryKey: keys.expected(slug, query, item),
    queryFn: async ({ signal }): Promise<Expected> => {
      const wire = await unwrap(
        client(slug).POST('/routes/knowledge/{tenant_slug}/search', {
          params: { path: { tenant_slug: slug } },
          body: { query, limit: 8, expect: item },
          signal,
        }),
      )
      if (!wire.expected) throw new Error('the answer says nothing about the expected item')
      return expectedOf(wire.expected)
    },
  })

export async function addText(slug: string, title: string, content: string, key: string): Promise<void> {
  await unwrap(
    client(slug).POST('/routes/knowledge/{tenant_slug}/index', {
      params: { path: { tenant_slug: slug } },
      headers: { 'Idempotency-Key': key },
      body: { title, content },
    }),
  )
}

export type Card = { item?: string; answers?: string; question: string; answer: string }

/** Publishes a card, or a new version of one. */
export async function publishCard(slug: string, card: Card, key: string): Promise<void> {
  await unwrap(
    client(slug).POST('/routes/context/publish-card', {
      headers: { 'Idempotency-Key': key },
      body: {
        question: card.question,
        answer: card.answer,
        tenant_id: slug,
        ...(card.item ? { item_id: card.item } : {}),
        ...(card.answers ? { answers: card.answers } : {}),
      },
    }),
  )
}

export async function reindex(slug: string, id: string): Promise<void> {
  await unwrap(
    client(slug).POST('/routes/knowledge/{tenant_slug}/items/{id}/reindex', {
      params: { path: { tenant_slug: slug, id } },
    }),
  )
}

export async function deleteItem(slug: string, id: string): Promise<void> {
  const { response, error } = await client(slug).DELETE('/routes/knowledge/{tenant_slug}/items/{id}', {
    params: { path: { tenant_slug: slug, id } },
  })
  if (!response.ok) throw problemOf(response, error)
}

const filesPath = '/routes/knowledge/{tenant_slug}/files' satisfies keyof paths

/** What became of an uploaded file: the item that it is now. Unchanged: the item was ready with this very content. */
export type Sent = { item: string; version: number; status: ItemStatus; unchanged: boolean }

/** Uploads one file, which becomes an item; without a title it is called by its name. */
export async function uploadFile(
  slug: string,
  file: File,
  title: string | undefined,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<Sent> {
  const path = filesPath.replace('{tenant_slug}', encodeURIComponent(slug))
  const answer = await upload(path, { file, ...(title ? { title } : {}) }, onProgress, signal)
  const { id, version, status } = (await answer.json()) as components['schemas']['KnowledgeAccepted']
  return { item: id, version, status, unchanged: answer.status === 200 }
}

/** How far an item is, as the events tell it. */
export type News = {
  item: string
  version: number
  status: ItemStatus | 'deleted'
  /** How much of it is read, 0 to 1. */
  part: number
  problem: string
}

/** Reads the data of a knowledge.item event; undefined for what is none. */
export function newsOf(data: string): News | undefined {
  try {
    const { id, version = Number.POSITIVE_INFINITY, status, error = '', progress } = JSON.parse(data)
    if (typeof id !== 'string' || typeof status !== 'string') return undefined
    return { item: id, version, status: status as News['status'], part: partOf(progress), problem: error }
  } catch {
    return undefined
  }
}

const partOf = (progress: { done: number; total: number } | undefined): number =>
  progress && progress.total > 0 ? progress.done / progress.total : 0

/** Every item that is being read or could not be read. Those being read are asked for first: who fails meanwhile is in both. */
export async function unfinished(slug: string): Promise<ReadonlyMap<string, News>> {
  const found = new Map<string, News>()
  for (const status of ['processing', 'failed'] as const) {
    let cursor: string | undefined
    do {
      const query = { status, limit: 200, ...(cursor ? { cursor } : {}) }
      const params = { path: { tenant_slug: slug }, query }
      const page = await unwrap(client(slug).GET('/routes/knowledge/{tenant_slug}/index', { params }))
      for (const { id, version, progress, error } of page.entries ?? [])
        found.set(id, { item: id, version, status, part: partOf(progress), problem: error })
      cursor = page.next_cursor || undefined
    } while (cursor)
  }
  return found
}

export function itemOf(wire: WireEntry): Item {
  return {
    id: wire.id,
    title: wire.title,
    type: wire.type || undefined,
    source: wire.source,
    url: safeUrl(wire.url),
    status: wire.status,
    problem: wire.error || undefined,
    progress: wire.status === 'processing' ? wire.progress : undefined,
    version: wire.version,
    serving: wire.serving_version,
    chunks: wire.chunks,
    updatedAt: new Date(wire.updated_at),
  }
}

export function chunkOf(wire: WireChunk): Chunk {
  return { id: wire.id, path: wire.heading_path ?? [], text: wire.text, place: wire.place }
}

export function passageOf(wire: WirePassage): Passage {
  return {
    id: wire.id,
    itemId: wire.item_id,
    title: wire.title,
    path: wire.heading_path ?? [],
    text: wire.text,
    source: wire.source,
    url: safeUrl(wire.url),
    place: wire.place,
    changedAt: new Date(wire.changed_at),
    highlights: wire.highlights ?? [],
    score: wire.score,
    stages: Object.entries(wire.scores ?? {})
      .map(([name, score]) => ({ name, score }))
      .sort((a, b) => b.score - a.score),
  }
}

function expectedOf(wire: WireExpected): Expected {
  return {
    itemId: wire.item_id,
    title: wire.title,
    verdict: wire.verdict,
    problem: wire.error || undefined,
    rank: wire.rank,
    scored: wire.scored,
    passage: wire.passage && passageOf(wire.passage),
    answer: {
      action: wire.answer.action,
      confidence: wire.answer.confidence,
      threshold: wire.answer.threshold,
      usesItem: wire.answer.uses_item,
    },
  }
}
