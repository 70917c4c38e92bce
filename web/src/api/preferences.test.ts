import { expect, it } from 'vitest'
import { preferencesOf } from './preferences.ts'

it.each([
  [
    { language: 'ar', scheme: 'dark' },
    { language: 'ar', scheme: 'dark' },
  ],
  [{}, { language: undefined, scheme: undefined }],
  [
    { language: 'tlh', scheme: 7, other: true },
    { language: undefined, scheme: undefined },
  ],
])('reads %j as %j', (wire, preferences) => {
  expect(preferencesOf(wire)).toEqual(preferences)
})
