import { useTranslation } from 'react-i18next'
import { type Channel, type Need, type Provider, type ProviderField, testCodes } from '../../api/channels.ts'
import type { IconName } from '../../ui/Icon.tsx'
import type { Tone } from '../../ui/Tag.tsx'

/** The names of the providers are the same in every language. */
export const providerNames: Record<Provider, string> = {
  infobip: 'Infobip',
  meta: 'Meta',
  twilio: 'Twilio',
}

export const healthLooks: Record<Channel['health'], { tone: Tone; icon: IconName }> = {
  ok: { tone: 'ok', icon: 'check' },
  waiting: { tone: 'accent', icon: 'clock' },
  attention: { tone: 'warn', icon: 'alert' },
  paused: { tone: 'plain', icon: 'clock' },
  incomplete: { tone: 'bad', icon: 'alert' },
}

/** Asked for at once; the rest is for those who know that they need it. */
export const isAsked = (need: Need): boolean => need.required

// What is asked for has another name at every provider, and lies in another place.
const texts = {
  infobip: { base_url: 'infobipBaseUrl', 'credentials.api_key': 'infobipApiKey' },
  meta: {
    account_id: 'metaAccountId',
    sender_id: 'metaSenderId',
    'credentials.api_key': 'metaApiKey',
    'webhook_secret.signing_key': 'metaSigningKey',
  },
  twilio: {
    account_id: 'twilioAccountId',
    sender_id: 'twilioSenderId',
    'credentials.api_key': 'twilioApiKey',
    'credentials.key_id': 'twilioKeyId',
    'webhook_secret.signing_key': 'twilioSigningKey',
  },
} as const satisfies Record<Provider, Partial<Record<ProviderField, string>>>
type Known = { [P in Provider]: (typeof texts)[P][keyof (typeof texts)[P]] }[Provider]

/** How a provider calls what it needs, and where a person finds it there. */
export function useFieldWords(provider: Provider) {
  const { t } = useTranslation()
  const known = (field: ProviderField) =>
    (texts[provider] as Partial<Record<ProviderField, Known>>)[field] as Known | undefined
  return {
    label: (field: ProviderField): string => {
      const key = known(field)
      return key ? t(`channels.field.${key}`) : field === 'base_url' ? t('channels.field.baseUrl') : field
    },
    where: (field: ProviderField): string | undefined => {
      const key = known(field)
      return key && t(`channels.where.${key}`)
    },
  }
}

/** Why a test failed, as the page says it; undefined: only the server's own sentence does. */
export const knownTestCode = (code: string) => testCodes.find((one) => one === code)

// Why something that a provider sent could not be used; the engine and its providers give the words.
export const errorReasons = [
  'foreign_number',
  'not_json',
  'unknown_envelope',
  'unknown_event',
  'not_understood',
  'cannot_store',
  'bad_sender',
  'bad_message_id',
  'echo',
] as const
export const knownReason = (reason: string) => errorReasons.find((one) => one === reason)

export const titleOf = (channel: Pick<Channel, 'name' | 'number'>): string => channel.name || channel.number
