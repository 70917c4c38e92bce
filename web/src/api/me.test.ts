import { expect, it } from 'vitest'
import { type Me, roleIn } from './me.ts'

const visit = {
  id: '1',
  slug: 'visited',
  visitor: 'ops@example.com',
  reason: 'help with a channel',
  running: true,
  startedAt: new Date(0),
  endsAt: new Date(1),
  endedAt: undefined,
}
const me: Me = {
  email: 'a@b.c',
  platform: 'super_admin',
  memberships: [{ slug: 'own', role: 'member' }],
  visit,
}

it.each([
  ['a membership counts', 'own', me, 'member'],
  ['a membership counts more than a visit', 'own', { ...me, visit: { ...visit, slug: 'own' } }, 'member'],
  ['a running visit makes an administrator', 'visited', me, 'admin'],
  ['an ended one makes nobody', 'visited', { ...me, visit: { ...visit, running: false } }, undefined],
  ['a stranger is nobody, whatever their role on the platform', 'other', me, undefined],
] as const)('%s', (_, slug, who, role) => {
  expect(roleIn(who, slug)).toBe(role)
})
