import { expect, it } from 'vitest'
import { replyWindow } from './window.ts'

const now = new Date('2026-11-23T12:00:00Z')

it('is open for what is left of the 24 hours', () => {
  expect(replyWindow(new Date('2026-11-23T13:00:00Z'), now)).toEqual({ open: true, left: 3_600_000 })
})
it.each([undefined, new Date('2026-11-23T12:00:00Z'), new Date('2026-11-22T12:00:00Z')])(
  'is closed when it ends at %s',
  (until) => {
    expect(replyWindow(until, now)).toEqual({ open: false })
  },
)
