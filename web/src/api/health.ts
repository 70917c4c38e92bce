import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import { problemOf } from './problem.ts'

export type Check = { name: string; ok: boolean; required: boolean; ms: number; note: string | undefined }
export type Setting = { name: string; state: 'OK' | 'MISSING' | 'INVALID'; note: string | undefined }
export type Health = {
  ready: boolean
  checks: Check[]
  settings: Setting[]
  version: string
  waiting: number
}

/** Whether the platform works: its dependencies, its settings, and the turns that wait. */
export const healthQuery = () =>
  queryOptions({
    queryKey: ['admin', 'health'] as const,
    refetchInterval: 15_000,
    queryFn: async ({ signal }): Promise<Health> => {
      const [ready, preflight, engine] = await Promise.all([
        // A server that is not ready answers 503 and says why: that is an answer.
        client('')
          .GET('/readyz', { signal })
          .then(({ data, error, response }) => {
            const body = data ?? (error as unknown as typeof data)
            if (!body?.checks) throw problemOf(response, error)
            return body
          }),
        unwrap(client('').GET('/routes/preflight', { signal })),
        unwrap(client('').GET('/engine', { signal })),
      ])
      return {
        ready: ready.status === 'ready',
        checks: (ready.checks ?? []).map((one) => ({
          name: one.name,
          ok: one.state === 'OK',
          required: one.required,
          ms: one.latency_ms,
          note: one.note || undefined,
        })),
        settings: (preflight.settings ?? []).map((one) => ({
          name: one.name,
          state: one.state,
          note: one.note || undefined,
        })),
        version: engine.version,
        waiting: engine.queue_size,
      }
    },
  })
