// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { Problem } from '../../api/problem.ts'
import { kindOf, ProblemState } from './ProblemState.tsx'

const problem = (status: number, code = 'x') =>
  new Problem({ status, code, message: 'The disk is full.', requestId: 'req_1' })

it.each([
  [problem(0), 'unreachable'],
  [problem(503), 'unreachable'],
  [problem(429), 'limited'],
  [problem(403, 'tenant_suspended'), 'suspended'],
  [problem(403), 'forbidden'],
  [problem(404), 'notFound'],
  [problem(500), 'failed'],
  [problem(-1), 'failed'],
])('%o is %s', (one, kind) => {
  expect(kindOf(one)).toBe(kind)
})

function show(error: unknown, onRetry = vi.fn()) {
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <ProblemState error={error} onRetry={onRetry} />
    </MantineProvider>,
  )
  return onRetry
}

it('says what happened, carries the request id and can be tried again', async () => {
  const retry = show(problem(500))
  expect(screen.getByRole('alert').textContent).toContain('The disk is full.')
  expect(screen.getByText('req_1')).toBeTruthy()
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(retry).toHaveBeenCalledOnce()
})

it('offers no second try where it cannot help', () => {
  show(problem(403))
  expect(screen.queryByRole('button')).toBeNull()
})
