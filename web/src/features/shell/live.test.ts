import { QueryClient } from '@tanstack/react-query'
import { expect, it, vi } from 'vitest'
import { applier, staleAfter } from './live.ts'

it.each([
  ['message.created', 'conversations'],
  ['conversation.updated', 'conversations'],
  ['knowledge.item', 'knowledge'],
  ['channel.heard', 'channels'],
  ['alert.raised', 'alerts'],
  ['reset', 'everything'],
  ['ready', undefined],
  ['task.opened', 'tasks'],
  ['weather.changed', undefined],
])('%s makes %s old', (type, part) => {
  expect(staleAfter(type)).toBe(part)
})

it('touches the tenant of the event and no other', () => {
  const queries = new QueryClient()
  for (const slug of ['demo', 'other']) queries.setQueryData([slug, 'conversations', 'list'], [])
  applier(queries, 'demo')({ id: '1', type: 'message.created', data: '{}' })
  expect(queries.getQueryState(['demo', 'conversations', 'list'])?.isInvalidated).toBe(true)
  expect(queries.getQueryState(['other', 'conversations', 'list'])?.isInvalidated).toBe(false)
})

it('asks for the knowledge at once and then once a second, however many documents are being read', () => {
  vi.useFakeTimers()
  const queries = new QueryClient()
  const asked = vi.spyOn(queries, 'invalidateQueries')
  const apply = applier(queries, 'demo')
  for (let event = 0; event < 100; event++) apply({ id: String(event), type: 'knowledge.item', data: '{}' })
  expect(asked).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(10_000)
  expect(asked).toHaveBeenCalledTimes(2)
  apply({ id: '100', type: 'knowledge.item', data: '{}' })
  expect(asked).toHaveBeenCalledTimes(3)
  vi.useRealTimers()
})
