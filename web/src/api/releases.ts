import { queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import { knowledgeKeys } from './knowledge.ts'
import type { components } from './schema.d.ts'

type Wire = components['schemas']

/** One item that a release adds, replaces or removes. */
export type ReleaseChange = {
  id: string
  kind: Wire['ReleaseChange']['kind']
  title: string
  status: Wire['ReleaseChange']['status']
  /** A sentence, when failed. */
  error: string | undefined
  /** A sentence, when the item is no longer what the change was made for. */
  conflict: string | undefined
}

/** A list of changes that are prepared beside what serves, and begin to serve together. */
export type Release = {
  id: string
  name: string
  state: Wire['Release']['state']
  count: number
  canRollBack: boolean
  changedAt: Date
  /** Not in a list. */
  changes: readonly ReleaseChange[]
}

/** What a change holds, and what serves in its place; '' where there is nothing. */
export type ChangeText = { held: string; serving: string }

const keys = {
  all: (slug: string) => [...knowledgeKeys.all(slug), 'releases'] as const,
  one: (slug: string, id: string) => [...keys.all(slug), id] as const,
  text: (slug: string, id: string, change: string, state: string) =>
    [...keys.all(slug), id, change, state] as const,
}
export const releaseKeys = keys

// Events tell of what is prepared; meanwhile we also look, in case the line is down.
const whileBusy = 3000

const path = (slug: string, id: string) => ({ params: { path: { tenant_slug: slug, id } } })

/** The latest releases, latest first. */
export const releasesQuery = (slug: string) =>
  queryOptions({
    queryKey: keys.all(slug),
    queryFn: async ({ signal }): Promise<readonly Release[]> => {
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/releases', {
          params: { path: { tenant_slug: slug } },
          signal,
        }),
      )
      return (wire.releases ?? []).map(releaseOf)
    },
  })

/** One release with its changes. */
export const releaseQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: keys.one(slug, id),
    queryFn: async ({ signal }) =>
      releaseOf(
        await unwrap(
          client(slug).GET('/routes/knowledge/{tenant_slug}/releases/{id}', { ...path(slug, id), signal }),
        ),
      ),
    refetchInterval: (query) => (query.state.data && busy(query.state.data) ? whileBusy : false),
  })

const busy = ({ state, changes }: Release) =>
  state === 'promoting' || state === 'rolling_back' || changes.some(({ status }) => status === 'processing')

/** The texts of a change. Promoting and rolling back exchange them. */
export const changeTextQuery = (slug: string, release: Release, change: string) =>
  queryOptions({
    queryKey: keys.text(slug, release.id, change, release.state),
    queryFn: ({ signal }): Promise<ChangeText> =>
      unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/releases/{id}/changes/{change}', {
          params: { path: { tenant_slug: slug, id: release.id, change } },
          signal,
        }),
      ),
  })

export async function stageRelease(slug: string, name: string): Promise<string> {
  const wire = await unwrap(
    client(slug).POST('/routes/knowledge/{tenant_slug}/releases', {
      params: { path: { tenant_slug: slug } },
      body: { name },
    }),
  )
  return wire.id
}

/** Puts a text under a title, new or not, or the removal of an item into a release. */
export async function changeRelease(
  slug: string,
  id: string,
  change: { title: string; content: string } | { title: string; remove: true },
): Promise<void> {
  await unwrap(
    client(slug).PUT('/routes/knowledge/{tenant_slug}/releases/{id}/changes', {
      ...path(slug, id),
      body: change,
    }),
  )
}

export async function dropChange(slug: string, id: string, change: string): Promise<void> {
  await done(
    client(slug).DELETE('/routes/knowledge/{tenant_slug}/releases/{id}/changes/{change}', {
      params: { path: { tenant_slug: slug, id, change } },
    }),
  )
}

export async function promoteRelease(slug: string, id: string): Promise<void> {
  await unwrap(client(slug).POST('/routes/knowledge/{tenant_slug}/releases/{id}/promote', path(slug, id)))
}

export async function rollBackRelease(slug: string, id: string): Promise<void> {
  await unwrap(client(slug).POST('/routes/knowledge/{tenant_slug}/releases/{id}/rollback', path(slug, id)))
}

export async function discardRelease(slug: string, id: string): Promise<void> {
  await done(client(slug).DELETE('/routes/knowledge/{tenant_slug}/releases/{id}', path(slug, id)))
}

function releaseOf(wire: Wire['Release']): Release {
  return {
    id: wire.id,
    name: wire.name,
    state: wire.state,
    count: wire.change_count,
    canRollBack: wire.can_roll_back,
    changedAt: new Date(wire.changed_at),
    changes: (wire.changes ?? []).map(({ id, kind, title, status, error, conflict }) => ({
      id,
      kind,
      title,
      status,
      error: error || undefined,
      conflict: conflict || undefined,
    })),
  }
}
