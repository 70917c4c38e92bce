import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import { safeUrl } from './conversations.ts'
import { knowledgeKeys } from './knowledge.ts'
import type { components } from './schema.d.ts'

export const scopes = ['page', 'section', 'site'] as const
export const rhythms = ['never', 'daily', 'weekly', 'monthly'] as const
export const pageStates = ['added', 'duplicate', 'skipped', 'failed', 'gone'] as const

export type Scope = (typeof scopes)[number]
export type Every = (typeof rhythms)[number]
export type PageState = (typeof pageStates)[number] | 'waiting'

/** Which pages of a web site are knowledge. Patterns are paths as in robots.txt. */
export type Rules = {
  scope: Scope
  every: Every
  depth: number
  maxPages: number
  include: readonly string[]
  exclude: readonly string[]
}

export type Site = Rules & {
  id: string
  address: string
  status: 'crawling' | 'ready' | 'stopped' | 'failed' | 'removing'
  problem: string | undefined
  /** There are more pages than were asked for. */
  truncated: boolean
  pages: Readonly<Record<PageState, number>>
  endedAt: Date | undefined
  nextAt: Date | undefined
}

export type SitePage = {
  address: string
  url: string | undefined
  state: PageState
  problem: string | undefined
  sameAs: string | undefined
  item: string | undefined
}

export type Preview = {
  title: string
  sitemap: boolean
  pages: readonly { address: string; allowed: boolean }[]
  more: boolean
}

type PagesPage = { pages: readonly SitePage[]; next: string | undefined }

const keys = {
  list: (slug: string) => [...knowledgeKeys.all(slug), 'sites'] as const,
  one: (slug: string, id: string) => [...knowledgeKeys.all(slug), 'site', id] as const,
  pages: (slug: string, id: string, state: string) =>
    [...knowledgeKeys.all(slug), 'site', id, 'pages', state] as const,
}

// Events tell of every page; while a site is read we also look, in case the line is down.
const whileCrawling = 5_000

export const sitesQuery = (slug: string) =>
  queryOptions({
    queryKey: keys.list(slug),
    queryFn: async ({ signal }): Promise<readonly Site[]> => {
      const params = { path: { tenant_slug: slug } }
      const wire = await unwrap(client(slug).GET('/routes/knowledge/{tenant_slug}/sites', { params, signal }))
      return (wire.sites ?? []).map(siteOf)
    },
    refetchInterval: (query) =>
      query.state.data?.some((site) => site.status === 'crawling') ? whileCrawling : false,
  })

export const siteQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: keys.one(slug, id),
    queryFn: async ({ signal }): Promise<Site> => {
      const params = { path: { tenant_slug: slug, id } }
      return siteOf(
        await unwrap(client(slug).GET('/routes/knowledge/{tenant_slug}/sites/{id}', { params, signal })),
      )
    },
    refetchInterval: (query) => (query.state.data?.status === 'crawling' ? whileCrawling : false),
  })

/** What became of a site's pages, in the order in which they were found. */
export const sitePagesQuery = (slug: string, id: string, state: PageState | '') =>
  infiniteQueryOptions({
    queryKey: keys.pages(slug, id, state),
    initialPageParam: '',
    getNextPageParam: (last: PagesPage) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<PagesPage> => {
      const query = { limit: 50, ...(state ? { state } : {}), ...(pageParam ? { cursor: pageParam } : {}) }
      const params = { path: { tenant_slug: slug, id }, query }
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/sites/{id}/pages', { params, signal }),
      )
      return { pages: (wire.pages ?? []).map(pageOf), next: wire.next_cursor || undefined }
    },
  })

const wireOf = ({ maxPages, include, exclude, ...rest }: Rules) => ({
  ...rest,
  max_pages: maxPages,
  include: [...include],
  exclude: [...exclude],
})

/** Looks at a site; nothing is kept. */
export async function previewSite(slug: string, url: string, rules: Rules): Promise<Preview> {
  const wire = await unwrap(
    client(slug).POST('/routes/knowledge/{tenant_slug}/sites/preview', {
      params: { path: { tenant_slug: slug } },
      body: { url, ...wireOf(rules) },
    }),
  )
  return { title: wire.title, sitemap: wire.sitemap, pages: wire.pages ?? [], more: wire.more }
}

/** Reads a page once, or follows a site from now on; tells the site's id. */
export async function addUrl(
  slug: string,
  url: string,
  rules: Rules,
  key: string,
): Promise<string | undefined> {
  const wire = await unwrap(
    client(slug).POST('/routes/knowledge/{tenant_slug}/urls', {
      params: { path: { tenant_slug: slug } },
      headers: { 'Idempotency-Key': key },
      body: { url, ...wireOf(rules) },
    }),
  )
  return wire.kind === 'site' ? wire.id : undefined
}

export async function changeSite(slug: string, id: string, rules: Partial<Pick<Rules, 'every'>>) {
  const params = { path: { tenant_slug: slug, id } }
  await unwrap(client(slug).PATCH('/routes/knowledge/{tenant_slug}/sites/{id}', { params, body: rules }))
}

export async function crawlSite(slug: string, id: string): Promise<void> {
  const params = { path: { tenant_slug: slug, id } }
  await unwrap(client(slug).POST('/routes/knowledge/{tenant_slug}/sites/{id}/crawl', { params }))
}

export async function stopSite(slug: string, id: string): Promise<void> {
  const params = { path: { tenant_slug: slug, id } }
  await unwrap(client(slug).POST('/routes/knowledge/{tenant_slug}/sites/{id}/stop', { params }))
}

/** Takes the site's pages out of the knowledge; that goes on after the answer. */
export async function removeSite(slug: string, id: string): Promise<void> {
  const params = { path: { tenant_slug: slug, id } }
  await done(client(slug).DELETE('/routes/knowledge/{tenant_slug}/sites/{id}', { params }))
}

function siteOf(wire: components['schemas']['WebSite']): Site {
  const { id, address, scope, every, depth, status, truncated, pages } = wire
  return {
    ...{ id, address, scope, every, depth, status, truncated, pages },
    maxPages: wire.max_pages,
    include: wire.include ?? [],
    exclude: wire.exclude ?? [],
    problem: wire.problem || undefined,
    endedAt: wire.ended_at ? new Date(wire.ended_at) : undefined,
    nextAt: wire.next_at ? new Date(wire.next_at) : undefined,
  }
}

function pageOf(wire: components['schemas']['SitePage']): SitePage {
  return {
    address: wire.address,
    url: safeUrl(wire.address),
    state: wire.state,
    problem: wire.problem || undefined,
    sameAs: wire.same_as || undefined,
    item: wire.item_id,
  }
}
