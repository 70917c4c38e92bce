// @vitest-environment jsdom
import { expect, it } from 'vitest'
import { configOf } from './config.ts'

const clerk = { publishable_key: 'pk_test_x', frontend_api_url: 'https://clerk.example.com' }

it('reads what knowledge is made from, and nothing from what it does not know', () => {
  const xlsx = { name: 'xlsx', endings: ['.xlsx'] }
  expect(configOf({ file_types: [xlsx, { name: 7 }, null] }).fileTypes).toEqual([xlsx])
  expect(configOf(undefined).fileTypes).toEqual([])
})

it('knows how much may be uploaded, or leaves it to the server', () => {
  expect(configOf({ max_upload_bytes: 5 }).maxUpload).toBe(5)
  expect(configOf(undefined).maxUpload).toBe(Number.POSITIVE_INFINITY)
})

it.each([
  ['the built-in provider', { identity: ['local'] }, ['local'], undefined],
  ['Clerk', { identity: ['clerk'], clerk }, ['clerk'], 'pk_test_x'],
  ['both', { identity: ['local', 'clerk'], clerk }, ['local', 'clerk'], 'pk_test_x'],
  ['an issuer elsewhere', { identity: [] }, [], undefined],
  ['a provider of tomorrow', { identity: ['local', 'passkey'] }, ['local'], undefined],
  ['Clerk without its key', { identity: ['clerk'] }, [], undefined],
  ['a key of Clerk that is not offered', { identity: ['local'], clerk }, ['local'], undefined],
  ['no answer', undefined, ['local'], undefined],
])('reads who signs people in: %s', (_, wire, providers, key) => {
  const config = configOf(wire)
  expect(config.providers).toEqual(providers)
  expect(config.clerk?.publishableKey).toBe(key)
})
