import { describe, expect, it } from 'vitest'
import { contactName, conversationOf, messageOf, safeUrl } from './conversations.ts'

type Wire = Parameters<typeof messageOf>[0]
const wire = (change: Partial<Wire> = {}): Wire => ({
  id: 'm1',
  conversation_id: 'c1',
  direction: 'out',
  speaker: 'assistant',
  type: 'text',
  text: 'Yes.',
  status: 'delivered',
  at: '2026-11-23T10:00:00Z',
  created_at: '2026-11-23T10:00:01Z',
  ...change,
})

describe('messageOf', () => {
  it.each(['received', 'queued', 'dispatched', 'delivered', 'read', 'failed', 'unknown'] as const)(
    'keeps the state %s',
    (status) => {
      expect(messageOf(wire({ status })).state).toBe(status)
    },
  )
  it('shows a state of a newer server as unknown, never as a success', () => {
    expect(messageOf(wire({ status: 'teleported' as Wire['status'] })).state).toBe('unknown')
  })
  it('keeps what an answer stands on, and makes no link of a foreign scheme', () => {
    const evidence = [
      {
        item_id: 'i',
        passage_id: 'p',
        title: 'Hours',
        source: 'url',
        quote: 'Open.',
        score: 0.9,
        url: 'javascript:alert(1)',
      },
    ]
    const { decision } = messageOf(wire({ decision: { action: 'answer', confidence: 0.8, evidence } }))
    expect(decision).toMatchObject({ action: 'answer', confidence: 0.8 })
    expect(decision?.evidence[0]).toMatchObject({ itemId: 'i', path: [], url: undefined })
  })
  it('has no text where there was none', () => {
    expect(messageOf(wire({ type: 'audio', text: '' })).text).toBeUndefined()
  })
})

describe('conversationOf', () => {
  it('knows no window of a customer who never wrote', () => {
    const conversation = conversationOf({
      id: 'c1',
      channel_id: 'ch',
      contact: { id: 'k', name: '', phone: '+971500000001' },
      owner: 'member',
      status: 'open',
      unread: 0,
      created_at: '2026-11-23T10:00:00Z',
      updated_at: '2026-11-23T10:00:00Z',
    })
    expect(conversation.windowUntil).toBeUndefined()
    expect(conversation.last).toBeUndefined()
    expect(contactName(conversation.contact, 'Unknown')).toBe('+971500000001')
  })
  it('calls a contact without name and number unknown', () => {
    expect(contactName({ id: 'k', name: undefined, phone: undefined }, 'Unknown')).toBe('Unknown')
  })
})

it.each(['ftp://x', 'javascript:alert(1)', '//x', '', undefined])('%j is no link', (url) => {
  expect(safeUrl(url)).toBeUndefined()
})
