import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import type { components } from './schema.d.ts'

type Wire = components['schemas']['TemplateView']
type WireDraft = components['schemas']['TemplateCreateInputBody']

export const categories = ['utility', 'marketing', 'authentication'] as const
export type Category = (typeof categories)[number]
export type Header = { kind: string; text?: string; example?: string }
export type TemplateButton = { kind: string; text: string; value?: string; example?: string }

/** A message that WhatsApp has approved, or is asked to: the one thing that may be sent outside the 24 hours. */
export type Template = {
  id: string
  channelId: string
  name: string
  language: string
  category: string
  /** "draft" until it is submitted, then WhatsApp's own word. */
  status: string
  sendable: boolean
  quality: string
  /** Why it was rejected or paused. */
  reason: string
  header: Header | undefined
  body: string
  footer: string
  buttons: readonly TemplateButton[]
  examples: readonly string[]
  updatedAt: Date
}
export type TemplateDraft = Omit<WireDraft, 'buttons' | 'examples'> & {
  buttons: components['schemas']['TemplateChoice'][]
  examples: string[]
}
export type TemplateFilter = { search?: string; status?: string; channel?: string }

type Page = { templates: Template[]; next: string | undefined }

export const templateKeys = { all: (slug: string) => [slug, 'templates'] as const }

/** A number as far as its templates are concerned. */
export type TemplateChannel = {
  id: string
  provider: string
  name: string
  number: string
  /** When its provider's list was last read. */
  syncedAt: Date | undefined
  /** Why the last reading failed, in a sentence. */
  error: string
}

export const templateChannelsQuery = (slug: string) =>
  queryOptions({
    queryKey: [...templateKeys.all(slug), 'channels'] as const,
    queryFn: async ({ signal }): Promise<TemplateChannel[]> => {
      const params = { path: { tenant_id: slug } }
      const wire = await unwrap(
        client(slug).GET('/routes/tenants/{tenant_id}/waba-templates/channels', { params, signal }),
      )
      return (wire.channels ?? []).map(({ id, provider, name, number, synced_at, error }) => ({
        ...{ id, provider, name, number },
        syncedAt: synced_at ? new Date(synced_at) : undefined,
        error: error ?? '',
      }))
    },
  })

/** By name and language. */
export const templatesQuery = (slug: string, { search, status, channel }: TemplateFilter) =>
  infiniteQueryOptions({
    queryKey: [...templateKeys.all(slug), { search, status, channel }] as const,
    initialPageParam: '',
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<Page> => {
      const query = {
        limit: 50,
        ...(search ? { search } : {}),
        ...(status ? { status } : {}),
        ...(channel ? { channel_id: channel } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      const params = { path: { tenant_id: slug }, query }
      const wire = await unwrap(
        client(slug).GET('/routes/tenants/{tenant_id}/waba-templates', { params, signal }),
      )
      return { templates: (wire.templates ?? []).map(templateOf), next: wire.next_cursor || undefined }
    },
  })

/** Keeps a draft; nobody hears of it until it is submitted. */
export async function createTemplate(slug: string, draft: TemplateDraft): Promise<Template> {
  const params = { path: { tenant_id: slug } }
  return templateOf(
    await unwrap(client(slug).POST('/routes/tenants/{tenant_id}/waba-templates', { params, body: draft })),
  )
}

/** Asks WhatsApp for its approval. */
export async function submitTemplate(slug: string, id: string): Promise<Template> {
  const params = { path: { tenant_id: slug, id } }
  return templateOf(
    await unwrap(client(slug).POST('/routes/tenants/{tenant_id}/waba-templates/{id}/submit', { params })),
  )
}

/** Removes a draft here, and anything else at the provider, in all languages of its name. */
export async function deleteTemplate(slug: string, id: string): Promise<void> {
  const params = { path: { tenant_id: slug, id } }
  await done(client(slug).DELETE('/routes/tenants/{tenant_id}/waba-templates/{id}', { params }))
}

/** Reads a number's list at its provider now. */
export async function syncTemplates(
  slug: string,
  channel: string,
): Promise<{ syncedAt: Date | undefined; error: string }> {
  const params = { path: { tenant_id: slug } }
  const wire = await unwrap(
    client(slug).POST('/routes/tenants/{tenant_id}/waba-templates/sync', {
      params,
      body: { channel_id: channel },
    }),
  )
  return { syncedAt: wire.synced_at ? new Date(wire.synced_at) : undefined, error: wire.error ?? '' }
}

function templateOf(wire: Wire): Template {
  const { id, name, language, category, status, sendable, header, body } = wire
  return {
    ...{ id, name, language, category, status, sendable, header, body },
    channelId: wire.channel_id,
    quality: wire.quality ?? '',
    reason: wire.reason ?? '',
    footer: wire.footer ?? '',
    buttons: wire.buttons ?? [],
    examples: wire.examples ?? [],
    updatedAt: new Date(wire.updated_at),
  }
}
