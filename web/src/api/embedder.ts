import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import { knowledgeKeys } from './knowledge.ts'
import type { components } from './schema.d.ts'

export type EmbedderState = 'serving' | 'embedding' | 'waiting' | 'budget' | 'failed'

export type Embedder = {
  /** A service that the business has chosen; else what the installation offers. */
  own: boolean
  baseUrl: string
  model: string
  keySet: boolean
  keyHeader: 'authorization' | 'api-key'
  dimensions: number
  monthlyTokens: number
  usedTokens: number
  state: EmbedderState
  problem: string | undefined
  done: number
  total: number
  /** Whose vectors answer questions now. */
  serving: { own: boolean; model: string }
  failure: string | undefined
  failedAt: Date | undefined
}

/** What is asked for. An undefined key keeps the one that is there; 0 dimensions are the model's own. */
export type EmbedderDraft = Pick<
  Embedder,
  'baseUrl' | 'model' | 'keyHeader' | 'dimensions' | 'monthlyTokens'
> & {
  key: string | undefined
}

type Wire = components['schemas']['KnowledgeEmbedder']

const embedderOf = (wire: Wire): Embedder => ({
  own: wire.own,
  baseUrl: wire.base_url,
  model: wire.model,
  keySet: wire.key_set,
  keyHeader: wire.key_header,
  dimensions: wire.dimensions,
  monthlyTokens: wire.monthly_tokens,
  usedTokens: wire.used_tokens,
  state: wire.state,
  problem: wire.problem || undefined,
  done: wire.done,
  total: wire.total,
  serving: wire.serving,
  failure: wire.failure || undefined,
  failedAt: wire.failed_at ? new Date(wire.failed_at) : undefined,
})

// Events tell of every step; while vectors are made we also look, in case the line is down.
const whileEmbedding = 5_000

export const embedderQuery = (slug: string) =>
  queryOptions({
    queryKey: [...knowledgeKeys.all(slug), 'embedder'] as const,
    queryFn: async ({ signal }): Promise<Embedder> => {
      const params = { path: { tenant_slug: slug } }
      return embedderOf(
        await unwrap(client(slug).GET('/routes/knowledge/{tenant_slug}/embedder', { params, signal })),
      )
    },
    refetchInterval: (query) =>
      query.state.data && query.state.data.state !== 'serving' ? whileEmbedding : false,
  })

/** Has the knowledge embedded by a service from now on; the server asks it once before anything is kept. */
export async function setEmbedder(slug: string, draft: EmbedderDraft): Promise<Embedder> {
  const params = { path: { tenant_slug: slug } }
  const body = {
    base_url: draft.baseUrl,
    model: draft.model,
    key_header: draft.keyHeader,
    dimensions: draft.dimensions,
    monthly_tokens: draft.monthlyTokens,
    ...(draft.key === undefined ? {} : { key: draft.key }),
  }
  return embedderOf(
    await unwrap(client(slug).PUT('/routes/knowledge/{tenant_slug}/embedder', { params, body })),
  )
}

/** Goes back to what the installation offers. */
export async function resetEmbedder(slug: string): Promise<Embedder> {
  const params = { path: { tenant_slug: slug } }
  return embedderOf(await unwrap(client(slug).DELETE('/routes/knowledge/{tenant_slug}/embedder', { params })))
}
