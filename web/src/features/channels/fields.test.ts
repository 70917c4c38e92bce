import { expect, it } from 'vitest'
import { changes, emptyValues } from './fields.ts'

it('sends what was changed and nothing else', () => {
  const before = { ...emptyValues, name: 'Desk', number: '+97142550100' }
  expect(changes(before, before)).toEqual({})
  expect(changes(before, { ...before, name: ' Front desk ', apiKey: 'k ' })).toEqual({
    name: 'Front desk',
    apiKey: 'k',
  })
  expect(changes(before, { ...before, name: '' })).toEqual({ name: '' })
})

it('takes a number as people write it', () => {
  expect(changes(emptyValues, { ...emptyValues, number: ' +971 (4) 255-01.00 ' })).toEqual({
    number: '+97142550100',
  })
})
