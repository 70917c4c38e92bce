import { expect, it } from 'vitest'
import { pieces } from './markup.ts'

it('reads the four marks', () => {
  expect(pieces('a *b* _c d_ ~e~ `f`').filter((one) => one.kind !== 'plain')).toEqual([
    { kind: 'bold', text: 'b' },
    { kind: 'italic', text: 'c d' },
    { kind: 'struck', text: 'e' },
    { kind: 'code', text: 'f' },
  ])
})

it('keeps a source line with its punctuation', () => {
  expect(pieces('Yes.\n\n_Source: Price › Adults_')).toEqual([
    { kind: 'plain', text: 'Yes.\n\n' },
    { kind: 'italic', text: 'Source: Price › Adults' },
  ])
})

it.each(['snake_case_name', '2 * 3 * 4', '* a list', '_open', '*over\nlines*', '', '**'])(
  'leaves %j alone',
  (text) => {
    expect(
      pieces(text)
        .map((one) => one.text)
        .join(''),
    ).toBe(text)
    expect(pieces(text).every((one) => one.kind === 'plain')).toBe(true)
  },
)

it('works beside Arabic', () => {
  expect(pieces('السعر *٣٥٠* درهم')[1]).toEqual({ kind: 'bold', text: '٣٥٠' })
})
