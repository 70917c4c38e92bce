import type { TemplateDraft } from '../../api/templates.ts'

/** What stands in the form. A header or a button without a kind is none. */
export type Values = {
  channel: string
  name: string
  language: string
  category: TemplateDraft['category']
  header: { kind: '' | 'text' | 'image' | 'video' | 'document'; text: string; example: string }
  body: string
  examples: readonly string[]
  footer: string
  buttons: readonly Choice[]
}
export type Choice = {
  kind: 'quick_reply' | 'url' | 'phone_number'
  text: string
  value: string
  example: string
}

export const emptyValues = (channel: string, language: string): Values => ({
  channel,
  name: '',
  language,
  category: 'utility',
  header: { kind: '', text: '', example: '' },
  body: '',
  examples: [],
  footer: '',
  buttons: [],
})

/** How many values a text asks for: the highest of {{1}}, {{2}}, … The server says when one between is missing. */
export function placeholders(text: string): number {
  const numbers = [...text.matchAll(/\{\{(\d{1,2})\}\}/g)].map((match) => Number(match[1]))
  return Math.max(0, ...numbers)
}

/** WhatsApp takes lower case letters, digits and underscores: what people type is made so. */
export const nameOf = (typed: string): string =>
  typed
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
    .replace(/[^a-z0-9_]/g, '')

/** A text with its values in it; what has none stays a placeholder. */
export const filled = (text: string, values: readonly string[]): string =>
  text.replace(/\{\{(\d{1,2})\}\}/g, (found, number) => values[Number(number) - 1] || found)

/** The values as the server takes them. */
export function draftOf(values: Values): TemplateDraft {
  const { channel, name, language, category, header, body, footer, buttons } = values
  const examples = Array.from({ length: placeholders(body) }, (_, i) => values.examples[i]?.trim() ?? '')
  const asked = placeholders(header.text) > 0
  return {
    channel_id: channel,
    name,
    language: language.trim(),
    category,
    body: body.trim(),
    examples,
    ...(footer.trim() ? { footer: footer.trim() } : {}),
    ...(header.kind === 'text'
      ? {
          header: {
            kind: 'text',
            text: header.text.trim(),
            ...(asked ? { example: header.example.trim() } : {}),
          },
        }
      : header.kind
        ? { header: { kind: header.kind, example: header.example.trim() } }
        : {}),
    buttons: buttons.map(({ kind, text, value, example }) => ({
      kind,
      text: text.trim(),
      ...(kind === 'quick_reply' ? {} : { value: value.trim() }),
      ...(kind === 'url' && placeholders(value) > 0 ? { example: example.trim() } : {}),
    })),
  }
}
