// @vitest-environment jsdom
import { render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { When } from './When.tsx'

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-03-04T10:20:40Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

it.each([
  ['what has just happened', '2026-03-04T10:20:39Z', 'now'],
  ['what happened an hour ago', '2026-03-04T09:20:00Z', '1 hour ago'],
])('says how long ago %s was', (_, at, text) => {
  render(<When at={new Date(at)} />)
  expect(screen.getByText(text)).toBeTruthy()
})

it('says when something will be', () => {
  render(<When at={new Date('2026-03-05T10:20:39Z')} />)
  expect(screen.getByText(/Mar 5, 2026/)).toBeTruthy()
})
