import { expect, it } from 'vitest'
import { directionOf, preferredLanguage } from './language.ts'

it.each([
  [undefined, ['pt-BR', 'en'], 'pt'],
  [undefined, ['de-DE', 'hi-IN'], 'hi'],
  [undefined, ['de'], 'en'],
  [undefined, [], 'en'],
  ['ar', ['en'], 'ar'],
  ['klingon', ['es'], 'es'],
])('chosen %j with the browser wanting %j is %s', (chosen, wanted, language) => {
  expect(preferredLanguage(chosen, wanted)).toBe(language)
})

it('writes Arabic alone from right to left', () => {
  expect(directionOf('ar')).toBe('rtl')
  expect(directionOf('hi')).toBe('ltr')
})
