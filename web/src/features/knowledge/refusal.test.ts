import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import texts from '../../i18n/en.json' with { type: 'json' }
import { refusalOf } from './refusal.ts'

const limits = {
  types: [
    { name: 'md', endings: ['.md', '.markdown'] },
    { name: 'xls', endings: ['.xls'] },
  ],
  allowed: ['md'],
  maxBytes: 10,
}

it.each([
  ['notes.md', 'text', undefined],
  ['NOTES.Markdown', 'text', undefined],
  ['notes.md', '', 'empty'],
  ['notes.md', 'far too long', 'large'],
  ['prices.xls', 'x', 'type'],
  ['setup.exe', 'x', 'type'],
  ['README', 'x', 'type'],
] as const)('judges %s as the server would', (name, content, refusal) => {
  expect(refusalOf(new File([content], name), limits)).toBe(refusal)
})

it('says it in the words of the server', () => {
  const server = readFileSync(new URL('../../../../contextengine/item.go', import.meta.url), 'utf8')
  const { large, type, empty } = texts.brain.upload.refusal
  for (const sentence of [large, type, empty]) expect(server).toContain(`"${sentence}"`)
})
