import { expect, it } from 'vitest'
import { fieldErrors } from './fields.ts'
import { type FieldProblem, Problem } from './problem.ts'

const problem = (...fields: FieldProblem[]) =>
  new Problem({ status: 422, code: 'x', message: 'A field is wrong.', fields })
const slug = { location: 'body.slug', message: 'is taken' }
const names = ['slug', 'scopes'] as const

it('puts what is said about a field beside it, and nothing else', () => {
  const errors = fieldErrors(problem(slug), names)
  expect(errors.of('slug')).toBe('is taken')
  expect(errors.of('scopes')).toBeUndefined()
  expect(errors.rest).toBeUndefined()
})

it('takes a part of a field for the field, and shows the first of its problems', () => {
  const errors = fieldErrors(
    problem({ location: 'body.scopes[1]', message: 'first' }, { location: 'body.scopes', message: 'second' }),
    names,
  )
  expect(errors.of('scopes')).toBe('first')
})

it.each([
  ['no field at all', problem()],
  ['a field that the form does not have', problem({ location: 'query.limit', message: 'too large' })],
  ['one it has and one it has not', problem(slug, { location: 'body.other', message: 'wrong' })],
])('keeps the whole problem for everybody with %s', (_, one) => {
  expect(fieldErrors(one, names).rest).toBe(one)
})

it('says nothing without a problem', () => {
  const errors = fieldErrors(undefined, names)
  expect(errors.of('slug')).toBeUndefined()
  expect(errors.rest).toBeUndefined()
})
