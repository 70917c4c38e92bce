import type { QueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useState } from 'react'
import { follow, type LineState, openEvents } from '../../api/events.ts'
import type { ServerEvent } from '../../lib/sse.ts'

/** Which part of a tenant's cache an event makes old; undefined: none of what is on the screen. */
export function staleAfter(
  type: string,
): 'conversations' | 'knowledge' | 'channels' | 'alerts' | 'tasks' | 'everything' | undefined {
  const noun = type.split('.')[0]
  switch (noun) {
    case 'message':
    case 'conversation':
    case 'contact':
    case 'job':
      return 'conversations'
    case 'item':
    case 'knowledge':
      return 'knowledge'
    case 'channel':
      return 'channels'
    case 'alert':
      return 'alerts'
    case 'task':
      return 'tasks'
    case 'reset': // the server cannot resume where we were: whatever is shown may be old
      return 'everything'
    default:
      return undefined
  }
}

// A thousand documents that are being read say so some thousand times; what is shown of them need not be asked for each time.
const pace = 1_000

/**
 * Makes what applies a tenant's events to the cache. A refetch and no patch: the server's words are then the only ones. What
 * comes by the thousand is refetched at once, and then no more often than once in a while.
 */
export function applier(queries: QueryClient, slug: string): (event: ServerEvent) => void {
  const refetch = (...queryKey: string[]) => void queries.invalidateQueries({ queryKey })
  const knowledge = paced(() => refetch(slug, 'knowledge'), pace)
  return (event) => {
    const stale = staleAfter(event.type)
    if (stale === 'everything') refetch(slug)
    else if (stale === 'knowledge') knowledge()
    else if (stale) refetch(slug, stale)
  }
}

/** Runs at once, and for all calls of the next so many milliseconds once more at their end. */
function paced(run: () => void, ms: number): () => void {
  let resting = false
  let again = false
  return function call() {
    if (resting) {
      again = true
      return
    }
    run()
    resting = true
    setTimeout(() => {
      resting = false
      if (again) {
        again = false
        call()
      }
    }, ms)
  }
}

type Listener = (event: ServerEvent) => void

/** The live line of the tenant on the screen: its state, and what comes over it. */
export class Line {
  readonly #listeners = new Set<Listener>()
  readonly heard = (event: ServerEvent): void => {
    for (const listener of this.#listeners) listener(event)
  }
  readonly listen = (listener: Listener): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

export const LineContext = createContext<Line>(new Line())

/** Calls the listener for every event of the tenant while the component is on the screen. */
export function useEvents(listener: Listener): void {
  const line = use(LineContext)
  useEffect(() => line.listen(listener), [line, listener])
}

/** Keeps the line open while the tenant is on the screen. */
export function useLine(slug: string, queries: QueryClient): { line: Line; state: LineState } {
  const [line] = useState(() => new Line())
  const [state, setState] = useState<LineState>('connecting')
  useEffect(() => {
    const stop = new AbortController()
    const apply = applier(queries, slug)
    void follow(
      {
        open: openEvents(slug),
        onState: setState,
        onEvent: (event) => {
          apply(event)
          line.heard(event)
        },
      },
      stop.signal,
    )
    return () => stop.abort()
  }, [slug, queries, line])
  return { line, state }
}
