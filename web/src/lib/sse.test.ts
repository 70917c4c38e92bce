import { describe, expect, it } from 'vitest'
import { backoff, EventParser, type ServerEvent } from './sse.ts'

const events = (pieces: string[]): ServerEvent[] => {
  const parser = new EventParser()
  return pieces.flatMap((piece) => parser.push(piece)).flatMap((parsed) => parsed.event ?? [])
}

describe('EventParser', () => {
  const stream =
    ': hello\r\nid: 7\r\nevent: message.created\r\ndata: {"a":1}\r\ndata: {"b":2}\r\n\r\nid: 8\ndata:x\n\n'
  const expected = [
    { id: '7', type: 'message.created', data: '{"a":1}\n{"b":2}' },
    { id: '8', type: 'message', data: 'x' },
  ]

  it('reads ids, types and data of several lines', () => {
    expect(events([stream])).toEqual(expected)
  })
  it('gives the same wherever the stream is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++)
      expect(events([stream.slice(0, cut), stream.slice(cut)])).toEqual(expected)
    expect(events([...stream])).toEqual(expected)
  })
  it('gives nothing for heartbeats, unknown fields and events without data', () => {
    expect(events([':\n\n', 'foo: bar\n\n', 'event: x\n\n', 'id: 9\n\n'])).toEqual([])
  })
  it('keeps the last id for events that carry none', () => {
    expect(events(['id: 1\ndata: a\n\ndata: b\n\n'])).toMatchObject([{ id: '1' }, { id: '1' }])
  })
  it('keeps an event that the end of the stream cut off to itself', () => {
    expect(events(['data: half'])).toEqual([])
  })
  it('reads the wait that the server asks for, and no nonsense', () => {
    const parser = new EventParser()
    expect(parser.push('retry: 2500\nretry: soon\n')).toEqual([{ retry: 2500 }])
  })
})

describe('backoff', () => {
  it('doubles up to half a minute', () => {
    expect([0, 1, 2, 3, 10].map((attempt) => backoff(attempt, 1))).toEqual([1000, 2000, 4000, 8000, 30_000])
  })
  it('never waits less than half', () => {
    expect(backoff(3, 0)).toBe(4000)
  })
})
