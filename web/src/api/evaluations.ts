import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import { knowledgeKeys } from './knowledge.ts'
import type { components } from './schema.d.ts'

type Wire = components['schemas']

export type Totals = Wire['EvaluationTotals']
export type Verdict = Wire['EvaluationResult']['verdict']

/** One asking of a whole set. */
export type Run = {
  id: string
  status: Wire['EvaluationRun']['status']
  problem: string | undefined
  total: number
  done: number
  /** Once finished. */
  totals: Totals | undefined
  beganAt: Date
  /** The release that was asked; without one, the knowledge as it served. */
  release: string | undefined
}

export type QuestionSet = {
  id: string
  name: string
  count: number
  updatedAt: Date
  last: Run | undefined
}

/** An item as a question refers to it; without a title it is no longer in the knowledge. */
export type NamedItem = { id: string; title: string | undefined }

/** What is asked, and the items that answer it; none: it must not be answered. */
export type Question = { text: string; expected: readonly NamedItem[] }

export type Result = Question & {
  no: number
  verdict: Verdict
  /** The place of the first expected item, from 1; 0 when it is not among the first ten. */
  rank: number
  found: readonly NamedItem[]
  confidence: number
  reason: string | undefined
}

export type Change = { before: Result; after: Result }

export type Comparison = {
  difference: Totals
  better: readonly Change[]
  worse: readonly Change[]
  same: number
  /** Questions that cannot be compared: they expect something else now, or stand in one of the runs alone. */
  others: number
}

/** A set as files: CSV, or the files of `flomastr eval retrieval`. */
export type QuestionFiles = {
  csv?: string
  queries?: string
  qrels?: string
  documents?: string
  unanswerable?: string
}

type ResultsPage = { results: readonly Result[]; next: string | undefined }

const keys = {
  all: (slug: string) => [...knowledgeKeys.all(slug), 'evaluations'] as const,
  set: (slug: string, set: string) => [...keys.all(slug), set] as const,
  runs: (slug: string, set: string) => [...keys.all(slug), set, 'runs'] as const,
  results: (slug: string, run: Run, failedOnly: boolean) =>
    [...keys.all(slug), 'results', run.id, run.status, run.done, failedOnly] as const,
  comparison: (slug: string, run: string, before: string) =>
    [...keys.all(slug), 'comparison', run, before] as const,
}
export const evaluationKeys = keys

// Events tell of progress; while a run goes on we also look, in case the line is down.
const whileRunning = 4_000

const path = (slug: string, id: string) => ({ params: { path: { tenant_slug: slug, id } } })

export const setsQuery = (slug: string) =>
  queryOptions({
    queryKey: keys.all(slug),
    queryFn: async ({ signal }): Promise<readonly QuestionSet[]> => {
      const params = { path: { tenant_slug: slug } }
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/evaluations', { params, signal }),
      )
      return (wire.sets ?? []).map(setOf)
    },
    refetchInterval: (query) =>
      query.state.data?.some((set) => set.last?.status === 'running') ? whileRunning : false,
  })

export const setQuery = (slug: string, set: string) =>
  queryOptions({
    queryKey: keys.set(slug, set),
    queryFn: async ({ signal }): Promise<{ set: QuestionSet; questions: readonly Question[] }> => {
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/evaluations/{id}', { ...path(slug, set), signal }),
      )
      const questions = (wire.questions ?? []).map(({ text, expected }) => ({
        text,
        expected: itemsOf(expected),
      }))
      return { set: setOf(wire.set), questions }
    },
  })

/** The runs of a set, latest first. */
export const runsQuery = (slug: string, set: string) =>
  queryOptions({
    queryKey: keys.runs(slug, set),
    queryFn: async ({ signal }): Promise<readonly Run[]> => {
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/evaluations/{id}/runs', {
          ...path(slug, set),
          signal,
        }),
      )
      return (wire.runs ?? []).map(runOf)
    },
    refetchInterval: (query) =>
      query.state.data?.some((run) => run.status === 'running') ? whileRunning : false,
  })

/** What came of a run's questions, those that failed first. */
export const resultsQuery = (slug: string, set: string, run: Run, failedOnly: boolean) =>
  infiniteQueryOptions({
    queryKey: keys.results(slug, run, failedOnly),
    initialPageParam: '',
    getNextPageParam: (last: ResultsPage) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<ResultsPage> => {
      const query = { limit: 50, failed_only: failedOnly, ...(pageParam ? { cursor: pageParam } : {}) }
      const params = { path: { tenant_slug: slug, id: set, run: run.id }, query }
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/evaluations/{id}/runs/{run}/results', {
          params,
          signal,
        }),
      )
      return { results: (wire.results ?? []).map(resultOf), next: wire.next_cursor || undefined }
    },
    placeholderData: (old) => old, // a running run's list grows; it does not blink
  })

export const comparisonQuery = (slug: string, set: string, run: string, before: string) =>
  queryOptions({
    queryKey: keys.comparison(slug, run, before),
    queryFn: async ({ signal }): Promise<Comparison> => {
      const params = { path: { tenant_slug: slug, id: set, run }, query: { with: before } }
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/evaluations/{id}/runs/{run}/comparison', {
          params,
          signal,
        }),
      )
      const { difference, same } = wire
      return {
        ...{ difference, same },
        better: (wire.better ?? []).map(changeOf),
        worse: (wire.worse ?? []).map(changeOf),
        others: wire.redefined + wire.only_before + wire.only_now,
      }
    },
  })

/** Makes a set of questions that were typed, or gives an existing one these; tells its id. */
export async function saveSet(
  slug: string,
  id: string | undefined,
  name: string,
  questions: readonly Question[],
  key: string,
): Promise<string> {
  const body = {
    name,
    questions: questions.map(({ text, expected }) => ({ text, expected: expected.map((item) => item.id) })),
  }
  const call = id
    ? client(slug).PUT('/routes/knowledge/{tenant_slug}/evaluations/{id}', { ...path(slug, id), body })
    : client(slug).POST('/routes/knowledge/{tenant_slug}/evaluations', {
        params: { path: { tenant_slug: slug } },
        headers: { 'Idempotency-Key': key },
        body,
      })
  return (await unwrap(call)).id
}

/** The same, of files. */
export async function importSet(
  slug: string,
  id: string | undefined,
  name: string,
  files: QuestionFiles,
  key: string,
): Promise<string> {
  const body = { name, ...files }
  const call = id
    ? client(slug).PUT('/routes/knowledge/{tenant_slug}/evaluations/{id}/import', { ...path(slug, id), body })
    : client(slug).POST('/routes/knowledge/{tenant_slug}/evaluations/import', {
        params: { path: { tenant_slug: slug } },
        headers: { 'Idempotency-Key': key },
        body,
      })
  return (await unwrap(call)).id
}

/** Deletes a set with its runs. */
export async function removeSet(slug: string, id: string): Promise<void> {
  await done(client(slug).DELETE('/routes/knowledge/{tenant_slug}/evaluations/{id}', path(slug, id)))
}

/** Asks a set's questions: of the knowledge as it serves, or of a release. */
export async function beginRun(slug: string, set: string, release?: string): Promise<Run> {
  return runOf(
    await unwrap(
      client(slug).POST('/routes/knowledge/{tenant_slug}/evaluations/{id}/runs', {
        ...path(slug, set),
        ...(release ? { body: { release } } : {}),
      }),
    ),
  )
}

export async function cancelRun(slug: string, set: string, run: string): Promise<void> {
  const params = { path: { tenant_slug: slug, id: set, run } }
  await unwrap(
    client(slug).POST('/routes/knowledge/{tenant_slug}/evaluations/{id}/runs/{run}/cancel', { params }),
  )
}

const itemsOf = (wire: Wire['NamedItem'][] | null): readonly NamedItem[] =>
  (wire ?? []).map(({ id, title }) => ({ id, title: title || undefined }))

function runOf(wire: Wire['EvaluationRun']): Run {
  const { id, status, total, done, totals } = wire
  return {
    ...{ id, status, total, done, totals },
    problem: wire.problem || undefined,
    beganAt: new Date(wire.began_at),
    release: wire.release_id,
  }
}

function setOf(wire: Wire['QuestionSet']): QuestionSet {
  const { id, name } = wire
  return {
    ...{ id, name },
    count: wire.question_count,
    updatedAt: new Date(wire.updated_at),
    last: wire.last_run && runOf(wire.last_run),
  }
}

function resultOf(wire: Wire['EvaluationResult']): Result {
  const { no, text, verdict, rank, confidence } = wire
  return {
    ...{ no, text, verdict, rank, confidence },
    expected: itemsOf(wire.expected),
    found: itemsOf(wire.found),
    reason: wire.reason || undefined,
  }
}

const changeOf = (wire: Wire['EvaluationChange']): Change => ({
  before: resultOf(wire.before),
  after: resultOf(wire.after),
})
