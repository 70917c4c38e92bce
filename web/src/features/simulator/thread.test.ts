import { expect, it } from 'vitest'
import { type PhoneMessage, phoneMessageOf, phoneOf, pretty } from '../../api/simulator.ts'
import { withMessage } from './thread.ts'

const message = (seq: number, change: Partial<PhoneMessage> = {}): PhoneMessage => ({
  seq,
  id: `m${seq}`,
  mine: true,
  type: 'text',
  text: 'hi',
  state: 'sent',
  failure: undefined,
  at: new Date(seq),
  ...change,
})

it('puts a new message where its number says, however late it comes', () => {
  expect(withMessage([message(1), message(3)], message(2)).map((one) => one.seq)).toEqual([1, 2, 3])
})

it('moves the ticks of a known message and shows it once', () => {
  const thread = withMessage([message(1), message(2)], message(1, { state: 'read' }))
  expect(thread.map((one) => one.state)).toEqual(['read', 'sent'])
})

it('calls a customer without a name by the number', () => {
  expect(phoneOf({ number: '971500000001', name: '', online: true, auto_read: false }).name).toBe(
    '+971500000001',
  )
})

it('takes the customer for the owner of the phone', () => {
  const wire = {
    seq: 1,
    id: 'a',
    type: 'text',
    text: 'x',
    state: 'sent',
    at: '2026-11-23T10:00:00Z',
  } as const
  expect(phoneMessageOf({ ...wire, author: 'customer' }).mine).toBe(true)
  expect(phoneMessageOf({ ...wire, author: 'business' }).mine).toBe(false)
})

it('lays JSON out and leaves anything else alone', () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}')
  expect(pretty('{"a":')).toBe('{"a":')
})
