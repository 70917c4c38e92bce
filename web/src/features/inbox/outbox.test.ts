import { expect, it } from 'vitest'
import { again, arrived, compose, failed } from './outbox.ts'

const at = new Date(0)
const two = compose(compose([], 'a', 'one', at), 'b', 'two', at)

it('keeps replies in the order in which they were written', () => {
  expect(two.map((one) => one.text)).toEqual(['one', 'two'])
  expect(two.every((one) => one.state === 'sending')).toBe(true)
})

it('forgets what arrived and nothing else', () => {
  expect(arrived(two, 'a').map((one) => one.key)).toEqual(['b'])
  expect(arrived(two, 'zz')).toEqual(two)
})

it('keeps the key over a failure and a new try', () => {
  const tried = again(failed(two, 'a', new Error('away')), 'a')
  expect(tried[0]).toEqual({ key: 'a', text: 'one', at, state: 'sending' })
  expect(tried[1]).toEqual(two[1])
})

it('does not change the list that it was given', () => {
  const before = structuredClone(two)
  failed(two, 'a', 'x')
  expect(two).toEqual(before)
})
