import { expect, it } from 'vitest'
import { addressesIn } from './addresses.ts'

it.each([
  ['nothing here', []],
  ['Open http://localhost:8000/invite/a-b_c.', ['http://localhost:8000/invite/a-b_c']],
  [
    '(see https://a.example/x?y=1&z=2), or https://b.example',
    ['https://a.example/x?y=1&z=2', 'https://b.example'],
  ],
  ['https://a.example https://a.example', ['https://a.example']],
  ['javascript:alert(1)', []],
])('finds in %j %j', (text, addresses) => {
  expect(addressesIn(text)).toEqual(addresses)
})
