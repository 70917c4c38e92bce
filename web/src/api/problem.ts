/** What went wrong, in the words that the server chose for people (RFC 9457), with the id that finds it in the log. */
export class Problem extends Error {
  readonly status: number // 0: the server was not reached
  readonly code: string
  readonly requestId: string | undefined
  readonly retryAfter: number | undefined // seconds
  readonly fields: readonly FieldProblem[]

  constructor(parts: {
    status: number
    code: string
    message: string
    requestId?: string | undefined
    retryAfter?: number | undefined
    fields?: readonly FieldProblem[]
    cause?: unknown
  }) {
    super(parts.message, { cause: parts.cause })
    this.name = 'Problem'
    this.status = parts.status
    this.code = parts.code
    this.requestId = parts.requestId
    this.retryAfter = parts.retryAfter
    this.fields = parts.fields ?? []
  }

  /** Trying the same again later may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502
  }
}

export type FieldProblem = { location: string; message: string }

/** Reads a failed answer. A body that is no problem document (a proxy's page, say) still gives a useful Problem. */
export function problemOf(response: Response, body: unknown): Problem {
  const part = (name: string): unknown =>
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined
  const text = (name: string): string | undefined => {
    const value = part(name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const errors = part('errors')
  const retryAfter = Number.parseInt(response.headers.get('Retry-After') ?? '', 10)
  return new Problem({
    status: response.status,
    code: text('code') ?? `http_${response.status}`,
    message: text('detail') ?? text('title') ?? `${response.status} ${response.statusText}`.trim(),
    requestId: text('request_id') ?? response.headers.get('X-Request-Id') ?? undefined,
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
    fields: Array.isArray(errors) ? errors.flatMap(fieldOf) : [],
  })
}

/** Whatever was thrown, as a Problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  // fetch rejects with a TypeError and nothing else when the network or the server is away.
  if (error instanceof TypeError)
    return new Problem({ status: 0, code: 'unreachable', message: error.message, cause: error })
  return new Problem({
    status: -1,
    code: 'unexpected',
    message: error instanceof Error ? error.message : String(error),
    cause: error,
  })
}

function fieldOf(entry: unknown): FieldProblem[] {
  if (typeof entry !== 'object' || entry === null) return []
  const { location, message } = entry as Record<string, unknown>
  return typeof message === 'string'
    ? [{ location: typeof location === 'string' ? location : '', message }]
    : []
}
