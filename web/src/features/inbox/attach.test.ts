import { expect, it } from 'vitest'
import { kindFor, takesCaption, tooLarge } from './attach.ts'

function file(type: string, megabytes: number): File {
  const made = new File(['x'], 'a', { type })
  Object.defineProperty(made, 'size', { value: megabytes * 1024 * 1024 })
  return made
}

it.each([
  ['image/jpeg', 4, undefined],
  ['image/jpeg', 6, 'document'],
  ['image/webp', 0.1, 'document'],
  ['video/mp4', 16, undefined],
  ['video/mp4', 17, 'document'],
  ['audio/mpeg', 20, 'document'],
  ['application/pdf', 90, undefined],
] as const)('sends %s of %d MB as %s', (type, size, kind) => {
  expect(kindFor(file(type, size))).toBe(kind)
})

it('knows what WhatsApp carries of nothing', () => {
  expect(tooLarge(file('application/pdf', 100))).toBe(false)
  expect(tooLarge(file('application/pdf', 101))).toBe(true)
})

it('puts no words under sound', () => {
  expect(takesCaption('document')).toBe(true)
  expect(takesCaption('audio')).toBe(false)
})
