import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import { type Media, type MediaKind, mediaOf } from './media.ts'
import type { components } from './schema.d.ts'

type WireConversation = components['schemas']['Conversation']
type WireMessage = components['schemas']['Message']

export type Owner = 'assistant' | 'member' | 'external'
export type Conversation = {
  id: string
  contact: { id: string; name: string | undefined; phone: string | undefined }
  owner: Owner
  /** What the customer does not want to get: advertising, or anything. */
  optOut: 'marketing' | 'all' | undefined
  open: boolean
  unread: number
  last: { text: string; mine: boolean } | undefined
  updatedAt: Date
  /** Until when WhatsApp lets us write freely; undefined: the customer never wrote. */
  windowUntil: Date | undefined
}

export const messageStates = [
  'received',
  'queued',
  'dispatched',
  'delivered',
  'read',
  'failed',
  'unknown',
] as const
export type MessageState = (typeof messageStates)[number]
export type Speaker = 'contact' | 'assistant' | 'member' | 'external'
/** Where in its document a passage begins. */
export type Place = components['schemas']['Place']
export type Evidence = {
  itemId: string
  passageId: string
  title: string
  path: readonly string[]
  source: string
  url: string | undefined
  place: Place | undefined
  quote: string
  score: number
}
export type DecisionAction = 'answer' | 'ask' | 'refuse' | 'hand_over' | 'silent'
export type Decision = {
  action: DecisionAction | undefined
  confidence: number | undefined
  reason: string | undefined
  model: string | undefined
  evidence: readonly Evidence[]
}
export type Message = {
  id: string
  mine: boolean
  speaker: Speaker
  type: string
  text: string | undefined
  media: Media | undefined
  /** What a message of ours offers to tap. */
  offer: Offer | undefined
  state: MessageState
  at: Date
  problem: string | undefined
  decision: Decision | undefined
  /** The emoji that lies on it. */
  reaction: string | undefined
  edited: boolean
  /** What it said before it was changed, the oldest first. */
  earlier: readonly string[]
  /** The customer took it back: its words are nobody's any more. */
  revoked: boolean
}
export type Offer = {
  header: string | undefined
  body: string
  footer: string | undefined
  /** What opens a list. */
  label: string | undefined
  sections: readonly {
    title: string | undefined
    rows: readonly { id: string; title: string; more: string | undefined }[]
  }[]
  link: { label: string; url: string | undefined } | undefined
  asksLocation: boolean
}
export type Page<T> = { rows: readonly T[]; next: string | undefined }

const keys = {
  all: (slug: string) => [slug, 'conversations'] as const,
  list: (slug: string, search: string) => [slug, 'conversations', 'list', search] as const,
  one: (slug: string, id: string) => [slug, 'conversations', 'one', id] as const,
  messages: (slug: string, id: string) => [slug, 'conversations', 'messages', id] as const,
}
export const conversationKeys = keys

export const conversationsQuery = (slug: string, search: string) =>
  infiniteQueryOptions({
    queryKey: keys.list(slug, search),
    initialPageParam: '',
    getNextPageParam: (last: Page<Conversation>) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<Page<Conversation>> => {
      const query = { limit: 50, ...(search ? { search } : {}), ...(pageParam ? { cursor: pageParam } : {}) }
      const wire = await unwrap(client(slug).GET('/routes/conversations', { params: { query }, signal }))
      return { rows: (wire.conversations ?? []).map(conversationOf), next: wire.next_cursor || undefined }
    },
  })

export const conversationQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: keys.one(slug, id),
    queryFn: async ({ signal }) =>
      conversationOf(
        await unwrap(client(slug).GET('/routes/conversations/{id}', { params: { path: { id } }, signal })),
      ),
  })

/** The messages of a conversation, newest page first; each page newest first, as the server gives them. */
export const messagesQuery = (slug: string, id: string) =>
  infiniteQueryOptions({
    queryKey: keys.messages(slug, id),
    initialPageParam: '',
    getNextPageParam: (last: Page<Message>) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<Page<Message>> => {
      const query = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }
      const call = client(slug).GET('/routes/conversations/{id}/messages', {
        params: { path: { id }, query },
        signal,
      })
      const wire = await unwrap(call)
      return { rows: (wire.messages ?? []).map(messageOf), next: wire.next_cursor || undefined }
    },
  })

/** Takes the conversation over from the assistant, or hands it back. */
export async function setOwner(slug: string, id: string, owner: 'me' | 'assistant'): Promise<Conversation> {
  const path = { id }
  const call =
    owner === 'me'
      ? client(slug).POST('/routes/conversations/{id}/assign', { params: { path }, body: {} })
      : client(slug).POST('/routes/conversations/{id}/resume', { params: { path } })
  return conversationOf(await unwrap(call))
}

/** A reply: words, or a file that was uploaded, with words under it. */
export type Reply = { text: string; file?: { id: string; name: string; kind: MediaKind } | undefined }

/** Sends a reply. The key makes it one message however often it is tried. */
export async function reply(
  slug: string,
  conversation: string,
  { text, file }: Reply,
  key: string,
): Promise<void> {
  await unwrap(
    client(slug).POST('/routes/conversations/{id}/reply', {
      params: { path: { id: conversation } },
      headers: { 'Idempotency-Key': key },
      body: file ? { media: { id: file.id, ...(text ? { caption: text } : {}) } } : { text },
    }),
  )
}

export function conversationOf(wire: WireConversation): Conversation {
  return {
    id: wire.id,
    contact: {
      id: wire.contact.id,
      name: wire.contact.name || undefined,
      phone: wire.contact.phone || undefined,
    },
    owner: wire.owner as Owner,
    optOut: wire.opt_out,
    open: wire.status === 'open',
    unread: wire.unread,
    last: wire.last_message && {
      text: wire.last_message.text ?? '',
      mine: wire.last_message.direction === 'out',
    },
    updatedAt: new Date(wire.updated_at),
    windowUntil: wire.window_expires_at ? new Date(wire.window_expires_at) : undefined,
  }
}

const isState = (text: string): text is MessageState => (messageStates as readonly string[]).includes(text)

export function messageOf(wire: WireMessage): Message {
  return {
    id: wire.id,
    mine: wire.direction === 'out',
    speaker: wire.speaker as Speaker,
    type: wire.type,
    text: wire.text || undefined,
    media: wire.media && mediaOf(wire.media),
    offer: wire.interactive && offerOf(wire.interactive),
    // A state that we do not know yet must not look like a success.
    state: isState(wire.status) ? wire.status : 'unknown',
    at: new Date(wire.at),
    problem: wire.error || undefined,
    decision: wire.decision && decisionOf(wire.decision),
    reaction: wire.reaction || undefined,
    edited: wire.edited_at !== undefined,
    earlier: (wire.earlier ?? []).map(({ text }) => text),
    revoked: wire.revoked_at !== undefined,
  }
}

function offerOf(wire: components['schemas']['Interactive']): Offer {
  const rows = (list: components['schemas']['Choice'][] | null | undefined) =>
    (list ?? []).map(({ id, title, description }) => ({ id, title, more: description || undefined }))
  const sections = (wire.sections ?? []).map((one) => ({
    title: one.title || undefined,
    rows: rows(one.rows),
  }))
  return {
    header: wire.header || undefined,
    body: wire.body,
    footer: wire.footer || undefined,
    label: wire.label || undefined,
    sections: wire.buttons?.length ? [{ title: undefined, rows: rows(wire.buttons) }] : sections,
    link: wire.link && { label: wire.link.label, url: safeUrl(wire.link.url) },
    asksLocation: wire.ask_location ?? false,
  }
}

function decisionOf(wire: components['schemas']['Decision']): Decision {
  return {
    action: wire.action,
    confidence: wire.confidence,
    reason: wire.reason || undefined,
    model: wire.model || undefined,
    evidence: (wire.evidence ?? []).map((one) => ({
      itemId: one.item_id,
      passageId: one.passage_id,
      title: one.title,
      path: one.heading_path ?? [],
      source: one.source,
      url: safeUrl(one.url),
      place: one.place,
      quote: one.quote,
      score: one.score,
    })),
  }
}

/** Only web addresses become links: a source is foreign input. */
export function safeUrl(url: string | undefined): string | undefined {
  return url && /^https?:\/\//i.test(url) ? url : undefined
}

/** How a contact is called: by name, else by number. */
export const contactName = (contact: Conversation['contact'], unknown: string): string =>
  contact.name ?? contact.phone ?? unknown
