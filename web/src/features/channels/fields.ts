import type { Channel, ChannelDraft, ProviderField } from '../../api/channels.ts'

/** The part of a draft that a field of the form fills. */
export const draftName = {
  base_url: 'baseUrl',
  account_id: 'accountId',
  sender_id: 'senderId',
  'credentials.api_key': 'apiKey',
  'credentials.key_id': 'keyId',
  'webhook_secret.signing_key': 'signingKey',
} as const satisfies Record<ProviderField, keyof ChannelDraft>

export type Values = Record<'name' | 'number' | (typeof draftName)[ProviderField], string>

export const emptyValues: Values = {
  name: '',
  number: '',
  baseUrl: '',
  accountId: '',
  senderId: '',
  apiKey: '',
  keyId: '',
  signingKey: '',
}

/** What the form begins with: everything but the secrets, which nobody is told. */
export const valuesOf = (channel: Channel): Values => ({
  ...emptyValues,
  name: channel.name,
  number: channel.number,
  baseUrl: channel.baseUrl,
  accountId: channel.accountId,
  senderId: channel.senderId,
})

/** What was changed, trimmed; a number as people write it loses its blanks and signs. */
export function changes(before: Values, after: Values): ChannelDraft {
  const names = Object.keys(before) as (keyof Values)[]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = name === 'number' ? after.number.replace(/[\s().-]/g, '') : after[name].trim()
      return value === before[name] ? [] : [[name, value]]
    }),
  )
}
