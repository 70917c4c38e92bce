import { expect, it } from 'vitest'
import type { Role } from './me.ts'
import { type Member, mayChange, rolesToGive } from './members.ts'

const member = (role: Role): Member => ({
  id: '1',
  email: 'a@b.c',
  userId: undefined,
  role,
  status: 'active',
  since: new Date(0),
  expiresAt: undefined,
  mail: undefined,
  you: false,
})

it.each([
  ['owner', 'owner', true],
  ['owner', 'member', true],
  ['admin', 'owner', false],
  ['admin', 'admin', true],
  ['admin', 'member', true],
  ['member', 'member', false],
] as const)('%s may change %s: %s', (own, role, may) => {
  expect(mayChange(own, member(role))).toBe(may)
})

it('lets nobody but an owner make owners', () => {
  expect(rolesToGive('owner')).toContain('owner')
  expect(rolesToGive('admin')).not.toContain('owner')
})
