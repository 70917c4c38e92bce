import { expect, it } from 'vitest'
import { asProblem, Problem, problemOf } from './problem.ts'

const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response(null, { status, headers })

it('keeps the sentence, the code, the fields and the request id of a problem document', () => {
  const problem = problemOf(answer(422), {
    title: 'Unprocessable',
    detail: 'A title is needed.',
    code: 'invalid',
    request_id: 'r-1',
    errors: [{ location: 'body.title', message: 'is required' }, 'odd', null],
  })
  expect(problem).toMatchObject({
    status: 422,
    code: 'invalid',
    message: 'A title is needed.',
    requestId: 'r-1',
  })
  expect(problem.fields).toEqual([{ location: 'body.title', message: 'is required' }])
  expect(problem.passing).toBe(false)
})

it('takes the request id from the header when a proxy answered with a page', () => {
  const problem = problemOf(answer(502, { 'X-Request-Id': 'r-2' }), '<html>')
  expect(problem).toMatchObject({ status: 502, code: 'http_502', requestId: 'r-2', passing: true })
})

it('reads how long to wait', () => {
  expect(problemOf(answer(429, { 'Retry-After': '7' }), {}).retryAfter).toBe(7)
})

it('calls a fetch that reached nobody unreachable', () => {
  expect(asProblem(new TypeError('Failed to fetch'))).toMatchObject({
    status: 0,
    code: 'unreachable',
    passing: true,
  })
})

it('leaves a Problem as it is', () => {
  const problem = new Problem({ status: 404, code: 'not_found', message: 'x' })
  expect(asProblem(problem)).toBe(problem)
})
