import { describe, expect, it } from 'vitest'
import { follow, type LineState } from './events.ts'

const stream = (text: string) => new Response(text, { headers: { 'Content-Type': 'text/event-stream' } })

function run(answers: (() => Promise<Response>)[]) {
  const stop = new AbortController()
  const asked: (string | undefined)[] = []
  const states: LineState[] = []
  const types: string[] = []
  const waits: number[] = []
  const done = follow(
    {
      open: (lastEventId) => {
        asked.push(lastEventId)
        const next = answers.shift()
        if (next) return next()
        stop.abort()
        return Promise.reject(new Error('no more answers'))
      },
      onEvent: (event) => types.push(event.type),
      onState: (state) => states.push(state),
      wait: async (ms) => void waits.push(ms),
      random: () => 1,
    },
    stop.signal,
  )
  return { done, asked, states, types, waits }
}

describe('follow', () => {
  it('resumes behind the last event that it heard', async () => {
    const line = run([
      async () => stream('event: ready\nid: 5\nretry: 2000\ndata: {}\n\nid: 6\nevent: message\ndata: {}\n\n'),
      async () => stream('event: ready\nid: 6\ndata: {}\n\n'),
    ])
    await line.done
    expect(line.asked).toEqual([undefined, '6', '6'])
    expect(line.types).toEqual(['ready', 'message', 'ready'])
    expect(line.waits[0]).toBe(2000)
  })

  it('waits longer each time while the server is away, and shows it', async () => {
    const away = () => Promise.reject(new TypeError('Failed to fetch'))
    const line = run([away, away, async () => new Response(null, { status: 503 })])
    await line.done
    expect(line.waits.slice(0, 3)).toEqual([1000, 2000, 4000])
    expect(line.states[0]).toBe('connecting')
    expect(line.states[1]).toBe('retrying')
    expect(line.types).toEqual([])
  })

  it.each([401, 403, 404])('stops at %i, which trying again does not change', async (status) => {
    const line = run([async () => new Response(null, { status })])
    await line.done
    expect(line.states).toEqual(['connecting', 'stopped'])
    expect(line.asked).toHaveLength(1)
  })
})
