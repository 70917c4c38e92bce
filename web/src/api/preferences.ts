import { queryOptions } from '@tanstack/react-query'
import { type Language, languages } from '../lib/language.ts'
import type { SchemeChoice } from '../lib/scheme.ts'
import { client, unwrap } from './client.ts'

/** What a person prefers in a tenant, wherever they sign in. */
export type Preferences = { language: Language | undefined; scheme: SchemeChoice | undefined }

export const preferencesQuery = (slug: string) =>
  queryOptions({
    queryKey: [slug, 'preferences'] as const,
    staleTime: Number.POSITIVE_INFINITY, // asked once: a choice of this page must not be undone by an older one
    queryFn: async ({ signal }) =>
      preferencesOf((await unwrap(client(slug).GET('/routes/user-preferences', { signal }))).preferences),
  })

/** Keeps one preference for the next browser. */
export async function keepPreference(slug: string, key: keyof Preferences, value: string): Promise<void> {
  await unwrap(
    client(slug).PUT('/routes/user-preferences/setting/{key}', {
      params: { path: { key } },
      body: { value },
    }),
  )
}

/** Other clients keep theirs in the same place: what is not ours, or odd, is left alone. */
export function preferencesOf(wire: Record<string, unknown>): Preferences {
  const { language, scheme } = wire
  return {
    language: languages.find((one) => one === language),
    scheme: (['auto', 'light', 'dark'] as const).find((one) => one === scheme),
  }
}
