import { expect, it } from 'vitest'
import { ago, listTime, span } from './time.ts'

const now = new Date(2026, 10, 23, 14, 30)

it.each([
  [new Date(2026, 10, 23, 9, 5), '9:05 AM'],
  [new Date(2026, 10, 22, 23, 59), 'Sun'],
  [new Date(2026, 10, 2), 'Nov 2'],
  [new Date(2025, 10, 2), 'Nov 2, 2025'],
])('a list shows %s as %s', (at, text) => {
  expect(listTime(at, now, 'en').replace(/\s/g, ' ')).toBe(text)
})

it.each([
  [10, 'now'],
  [5 * 60, '5 minutes ago'],
  [3 * 3600, '3 hours ago'],
  [26 * 3600, 'yesterday'],
])('%i seconds before is %s', (seconds, text) => {
  expect(ago(new Date(now.getTime() - seconds * 1000), now, 'en')).toBe(text)
})

it('says now of what a clock that is ahead of ours calls the future', () => {
  expect(ago(new Date(now.getTime() + 5000), now, 'en')).toBe('now')
})

it('rounds what is left down, to minutes towards the end', () => {
  expect(span(23.9 * 3_600_000, 'en')).toBe('23 hr')
  expect(span(119.5 * 60_000, 'en')).toBe('119 min')
  expect(span(-5, 'en')).toBe('0 min')
})
