import { expect, it } from 'vitest'
import { actorName } from './actor.ts'

const people = new Map([['01a20eec-7a3b', 'ada@example.com']])

it.each([
  ['user:urn:flomastr:identity|01a20eec-7a3b', 'ada@example.com'],
  ['user:https://clerk.example|user_2abcdefghij', 'user…ghij'],
  ['user:x|short', 'short'],
  ['system', 'system'],
  ['token:01a2', 'token:01a2'],
])('calls %s %s', (actor, name) => {
  expect(actorName(actor, people)).toBe(name)
})
