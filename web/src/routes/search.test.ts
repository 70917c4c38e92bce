import { describe, expect, it } from 'vitest'
import { brainSearch, inboxSearch, signInSearch } from './search.ts'

describe('signInSearch', () => {
  it('keeps a page of ours', () => {
    expect(signInSearch({ next: '/demo/inbox?q=a' })).toEqual({ next: '/demo/inbox?q=a' })
  })
  it.each(['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '', 7, null])(
    'never leads to %j',
    (next) => expect(signInSearch({ next })).toEqual({}),
  )
})

describe('inboxSearch', () => {
  it('reads a number as the text that was typed', () => {
    expect(inboxSearch({ q: 42 })).toEqual({ q: '42' })
  })
  it('leaves out what does not fit', () => {
    expect(inboxSearch({ q: ['a'], why: 'x'.repeat(65), other: 1 })).toEqual({})
  })
})

describe('brainSearch', () => {
  it('keeps what was chosen and nothing else', () => {
    expect(brainSearch({ view: 'ask', ask: 'open?', add: 'page' })).toEqual({
      view: 'ask',
      ask: 'open?',
      add: 'page',
    })
    expect(brainSearch({ view: 'list', add: 'rm' })).toEqual({})
  })
})
