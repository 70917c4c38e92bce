import { describe, expect, it } from 'vitest'
import { slugOf } from './place.ts'

describe('slugOf', () => {
  it.each([
    ['/acme', 'acme'],
    ['/acme/', 'acme'],
    ['/acme/inbox/018f', 'acme'],
    ['/north-coast-2/brain', 'north-coast-2'],
    ['/settings-shop/inbox', 'settings-shop'],
  ])('finds the tenant of %s', (path, slug) => expect(slugOf(path)).toBe(slug))

  it.each(['/', '', '/sign-in', '/home', '/admin/tenants/acme', '/settings', '/docs', '/invite/acme'])(
    'takes %s for the host’s own page',
    (path) => expect(slugOf(path)).toBe(''),
  )

  it.each([
    '/%61cme/inbox',
    '/Acme/inbox',
    '/-acme',
    '/a.b',
    '/acme&x=1',
    `/${'a'.repeat(64)}`,
    '//elsewhere',
  ])('asks for nobody by the odd address %s', (path) => expect(slugOf(path)).toBe(''))
})
