import { expect, it } from 'vitest'
import { slugFrom } from './slug.ts'

it.each([
  ['Harbour Clinic', 'harbour-clinic'],
  ['  Café   Müller & Co. ', 'cafe-muller-co'],
  ['2 Brothers', '2-brothers'],
  ['عيادة', ''],
  ['---', ''],
  [`${'a'.repeat(62)} b`, 'a'.repeat(62)],
])('makes of %j the slug %j', (name, slug) => {
  expect(slugFrom(name)).toBe(slug)
})
