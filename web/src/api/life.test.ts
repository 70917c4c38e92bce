import { describe, expect, it } from 'vitest'
import { isMoving, standingOf } from './life.ts'

const wire: Parameters<typeof standingOf>[0] = {
  tenant_id: '0190',
  tenant_slug: 'acme',
  status: 'active',
  since: '2026-01-02T03:04:05Z',
  reason: '',
  changed_by: '',
  steps: [],
  restorable_until: null,
  allowed_actions: [],
}
const step = (state: 'pending' | 'running' | 'done' | 'failed') => ({ name: 'hot_rows', state, error: '' })

describe('standingOf', () => {
  it('offers only actions that it knows', () => {
    expect(standingOf({ ...wire, allowed_actions: ['suspend', 'launch'] }).allowed).toEqual(['suspend'])
  })
  it('reads what is empty as absent', () => {
    const { reason, changedBy, restorableUntil } = standingOf(wire)
    expect([reason, changedBy, restorableUntil]).toEqual([undefined, undefined, undefined])
  })
})

describe('isMoving', () => {
  it.each([
    ['active', [], false],
    ['active', [step('done'), step('failed')], false],
    ['active', [step('running')], true],
    ['provisioning', [step('pending')], true],
    ['erasing', [], true],
    ['erased', [step('done')], false],
  ] as const)('of %s with %j is %s', (status, steps, moving) => {
    expect(isMoving(standingOf({ ...wire, status, steps: [...steps] }))).toBe(moving)
  })
})
