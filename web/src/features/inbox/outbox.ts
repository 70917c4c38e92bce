import type { Reply } from '../../api/conversations.ts'

// Replies that were written and are not known to have arrived. Pure: the list goes in, the next list comes out.

export type PendingReply = {
  /** The idempotency key: the same for every try of the same reply, so that the customer gets it once. */
  key: string
  text: string
  file?: Reply['file']
  at: Date
  state: 'sending' | 'failed'
  error?: unknown
}
export type Outbox = readonly PendingReply[]

export function compose(outbox: Outbox, key: string, text: string, at: Date, file?: Reply['file']): Outbox {
  return [...outbox, { key, text, at, state: 'sending', ...(file && { file }) }]
}

export function arrived(outbox: Outbox, key: string): Outbox {
  return outbox.filter((one) => one.key !== key)
}

export function failed(outbox: Outbox, key: string, error: unknown): Outbox {
  return outbox.map((one) => (one.key === key ? { ...one, state: 'failed', error } : one))
}

/** Tries again under the same key: whether the first try arrived is not for us to guess. */
export function again(outbox: Outbox, key: string): Outbox {
  return outbox.map((one) =>
    one.key === key
      ? { key: one.key, text: one.text, at: one.at, state: 'sending', ...(one.file && { file: one.file }) }
      : one,
  )
}
