import { expect, it } from 'vitest'
import { wireFilter } from './audit.ts'

it('sends nothing that was not chosen', () => {
  expect(wireFilter({ actor: '', action: '' })).toEqual({})
})

it('takes both days of a span whole, where the person is', () => {
  const { from, to } = wireFilter({ from: '2026-02-28', to: '2026-02-28' })
  expect(from).toBe(new Date(2026, 1, 28).toISOString())
  expect(to).toBe(new Date(2026, 2, 1).toISOString())
})

it('passes on who and what', () => {
  expect(wireFilter({ actor: 'a@b.c', action: 'channel' })).toEqual({ actor: 'a@b.c', action: 'channel' })
})
