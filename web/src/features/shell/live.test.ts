import { QueryClient } from '@tanstack/react-query'
import { expect, it } from 'vitest'
import { applyEvent, staleAfter } from './live.ts'

it.each([
  ['message.created', 'conversations'],
  ['conversation.updated', 'conversations'],
  ['knowledge.item', 'knowledge'],
  ['channel.heard', 'channels'],
  ['alert.raised', 'alerts'],
  ['reset', 'everything'],
  ['ready', undefined],
  ['task.opened', undefined],
])('%s makes %s old', (type, part) => {
  expect(staleAfter(type)).toBe(part)
})

it('touches the tenant of the event and no other', () => {
  const queries = new QueryClient()
  for (const slug of ['demo', 'other']) queries.setQueryData([slug, 'conversations', 'list'], [])
  applyEvent(queries, 'demo', { id: '1', type: 'message.created', data: '{}' })
  expect(queries.getQueryState(['demo', 'conversations', 'list'])?.isInvalidated).toBe(true)
  expect(queries.getQueryState(['other', 'conversations', 'list'])?.isInvalidated).toBe(false)
})
