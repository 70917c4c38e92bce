// Server-sent events over fetch: EventSource can send neither an Authorization header nor, after a reload, a
// Last-Event-ID of our choosing. The format is https://html.spec.whatwg.org/multipage/server-sent-events.html.

export type ServerEvent = { id: string | undefined; type: string; data: string }
export type ParsedLine = { event?: ServerEvent; retry?: number }

/** Turns pieces of a stream, cut anywhere, into events. */
export class EventParser {
  #rest = ''
  #data: string[] = []
  #type = ''
  #id: string | undefined

  /** Takes the next piece of text and gives what it completed. */
  push(text: string): ParsedLine[] {
    const found: ParsedLine[] = []
    this.#rest += text
    for (;;) {
      const end = /\r\n|\n|\r/.exec(this.#rest)
      if (!end) break
      // A \r at the very end may be the first half of \r\n: wait for what follows.
      if (end[0] === '\r' && end.index === this.#rest.length - 1) break
      const line = this.#rest.slice(0, end.index)
      this.#rest = this.#rest.slice(end.index + end[0].length)
      const parsed = this.#line(line)
      if (parsed) found.push(parsed)
    }
    return found
  }

  #line(line: string): ParsedLine | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined // a comment: the server's heartbeat
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#type = value
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    else if (field === 'retry' && /^\d+$/.test(value)) return { retry: Number(value) }
    return undefined
  }

  #dispatch(): ParsedLine | undefined {
    const event = { id: this.#id, type: this.#type || 'message', data: this.#data.join('\n') }
    const empty = this.#data.length === 0
    this.#data = []
    this.#type = ''
    return empty ? undefined : { event }
  }
}

/** How long to wait before try `attempt` (0 is the first): doubling to 30 s, with half of it random so that a restarted
 * server is not met by everybody at once. */
export function backoff(attempt: number, random: number, base = 1000): number {
  const ceiling = Math.min(30_000, base * 2 ** attempt)
  return ceiling / 2 + (ceiling / 2) * random
}
