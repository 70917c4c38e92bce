import { expect, it } from 'vitest'
import { draftOf, emptyValues, filled, nameOf, placeholders } from './draft.ts'

it.each([
  ['Order Ready', 'order_ready'],
  ['Über-Angebot 2', 'ber_angebot_2'],
  ['order_ready', 'order_ready'],
])('makes a name that WhatsApp takes of %s', (typed, name) => {
  expect(nameOf(typed)).toBe(name)
})

it.each([
  ['no values', 0],
  ['Hello {{1}}, {{2}} is ready.', 2],
  ['{{2}} without the first', 2],
  ['{{ 1 }} and {{x}}', 0],
])('counts the values of "%s"', (text, count) => {
  expect(placeholders(text)).toBe(count)
})

it('puts values in, and leaves what has none', () => {
  expect(filled('Hello {{1}}, {{2}}', ['{{2}}', ''])).toBe('Hello {{2}}, {{2}}')
})

it('sends what was filled in, and nothing else', () => {
  const empty = emptyValues('c', 'en')
  expect(draftOf({ ...empty, name: 'a', body: 'Hi ' })).toEqual({
    channel_id: 'c',
    name: 'a',
    language: 'en',
    category: 'utility',
    body: 'Hi',
    examples: [],
    buttons: [],
  })
  expect(
    draftOf({
      ...empty,
      name: 'a',
      header: { kind: 'text', text: 'To {{1}}', example: ' Ana ' },
      body: 'Hi {{1}}, {{2}}',
      examples: ['Ana', ' Bo ', 'left over'],
      footer: ' f ',
      buttons: [
        { kind: 'quick_reply', text: 'Yes', value: 'of another kind', example: '' },
        { kind: 'url', text: 'Open', value: 'https://x.example/{{1}}', example: '7' },
      ],
    }),
  ).toMatchObject({
    header: { kind: 'text', text: 'To {{1}}', example: 'Ana' },
    examples: ['Ana', 'Bo'],
    footer: 'f',
    buttons: [
      { kind: 'quick_reply', text: 'Yes' },
      { kind: 'url', text: 'Open', value: 'https://x.example/{{1}}', example: '7' },
    ],
  })
})
