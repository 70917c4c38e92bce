import { describe, expect, it } from 'vitest'
import { changed, type Policies } from './policies.ts'

const policies: Policies = {
  rateLimitPerMinute: 60,
  maxContextLength: 4000,
  allowedFileTypes: ['md', 'pdf'],
  maxFileSizeMb: 10,
  messageRetentionDays: 365,
  hotTtlDays: 90,
  inboxScope: 'all',
  catalogEnabled: false,
  confidenceThreshold: 0.5,
  taskDue: 60,
}

describe('changed', () => {
  it('is empty where nothing was edited, even into an equal list', () => {
    expect(changed(policies, { ...policies, allowedFileTypes: ['md', 'pdf'] })).toEqual({})
  })
  it.each<[string, Partial<Policies>]>([
    ['a number', { hotTtlDays: 30 }],
    ['a choice', { inboxScope: 'team' }],
    ['a list', { allowedFileTypes: ['md'] }],
    ['a switch and a number', { catalogEnabled: true, confidenceThreshold: 0 }],
  ])('names %s and nothing else', (_, edit) => {
    expect(changed(policies, { ...policies, ...edit })).toEqual(edit)
  })
})
