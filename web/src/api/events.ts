import { backoff, EventParser, type ServerEvent } from '../lib/sse.ts'
import { authorizedFetch } from './client.ts'

/** The state of the line to the server. `retrying` is worth showing; `connecting` only the first time. */
export type LineState = 'connecting' | 'live' | 'retrying' | 'stopped'

type Deps = {
  /** Opens the stream behind an event. */
  open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>
  onEvent: (event: ServerEvent) => void
  onState: (state: LineState) => void
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
  random?: () => number
}

// The server says something every 15 seconds; after three of them in silence the line is dead, whatever TCP believes.
const silence = 45_000

/** Follows the events of a tenant until the signal aborts: resumes where it was, however often the line breaks. */
export async function follow(deps: Deps, signal: AbortSignal): Promise<void> {
  const wait = deps.wait ?? pause
  const random = deps.random ?? Math.random
  let lastEventId: string | undefined
  let base = 1000
  let attempt = 0
  deps.onState('connecting')
  while (!signal.aborted) {
    const line = new AbortController()
    const end = () => line.abort()
    signal.addEventListener('abort', end, { once: true })
    let quiet: ReturnType<typeof setTimeout> | undefined
    const heard = () => {
      clearTimeout(quiet)
      quiet = setTimeout(end, silence)
    }
    try {
      heard()
      const response = await deps.open(lastEventId, line.signal)
      if (response.status === 401 || response.status === 403 || response.status === 404) {
        deps.onState('stopped') // no longer ours to hear; the page's own requests say why
        return
      }
      if (!response.ok || !response.body) throw new Error(`the event stream answered ${response.status}`)
      const parser = new EventParser()
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        heard()
        for (const parsed of parser.push(value)) {
          if (parsed.retry !== undefined) base = parsed.retry
          if (!parsed.event) continue
          if (parsed.event.id !== undefined) lastEventId = parsed.event.id
          attempt = 0
          deps.onState('live')
          deps.onEvent(parsed.event)
        }
      }
    } catch {
      // Broken off, refused or unreachable: all the same, and told by the state.
    } finally {
      clearTimeout(quiet)
      signal.removeEventListener('abort', end)
      line.abort()
    }
    if (signal.aborted) break
    deps.onState('retrying')
    await wait(backoff(attempt, random(), base), signal)
    attempt++
  }
  deps.onState('stopped')
}

/** Opens the stream of a tenant as whoever is signed in. */
export function openEvents(slug: string) {
  return (lastEventId: string | undefined, signal: AbortSignal): Promise<Response> =>
    authorizedFetch(
      new Request('/routes/events', {
        headers: { Accept: 'text/event-stream', ...(lastEventId ? { 'Last-Event-ID': lastEventId } : {}) },
        signal,
        cache: 'no-store',
      }),
      slug,
    )
}

/** Waits, or less when the network comes back or the page is looked at again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      removeEventListener('online', done)
      document.removeEventListener('visibilitychange', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    addEventListener('online', done)
    document.addEventListener('visibilitychange', done)
    signal.addEventListener('abort', done)
  })
}
