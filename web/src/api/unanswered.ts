import { infiniteQueryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { Page } from './conversations.ts'
import { knowledgeKeys } from './knowledge.ts'
import { problemOf } from './problem.ts'
import type { components } from './schema.d.ts'

type Wire = components['schemas']['UnansweredQuestion']

/** A question, in the words of whoever asked it first, that the knowledge had nothing for. */
export type Question = {
  id: string
  question: string
  /** How often it, or one like it, was asked. */
  count: number
  lastAskedAt: Date
  others: readonly string[]
}
export type QuestionPage = Page<Question> & { total: number }

/** Most asked first. */
export const questionsQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: [...knowledgeKeys.all(slug), 'unanswered'] as const,
    initialPageParam: '',
    getNextPageParam: (last: QuestionPage) => last.next,
    queryFn: async ({ signal, pageParam }): Promise<QuestionPage> => {
      const wire = await unwrap(
        client(slug).GET('/routes/knowledge/{tenant_slug}/unanswered', {
          params: { path: { tenant_slug: slug }, query: pageParam ? { cursor: pageParam } : {} },
          signal,
        }),
      )
      return {
        rows: (wire.questions ?? []).map(questionOf),
        total: wire.total_count,
        next: wire.next_cursor || undefined,
      }
    },
  })

export async function dismissQuestion(slug: string, id: string): Promise<void> {
  const { response, error } = await client(slug).POST(
    '/routes/knowledge/{tenant_slug}/unanswered/{id}/dismiss',
    { params: { path: { tenant_slug: slug, id } } },
  )
  if (!response.ok) throw problemOf(response, error)
}

/** Undoes dismissQuestion. */
export async function takeUpQuestion(slug: string, id: string): Promise<void> {
  const { response, error } = await client(slug).POST(
    '/routes/knowledge/{tenant_slug}/unanswered/{id}/take-up',
    { params: { path: { tenant_slug: slug, id } } },
  )
  if (!response.ok) throw problemOf(response, error)
}

function questionOf(wire: Wire): Question {
  return {
    id: wire.id,
    question: wire.question,
    count: wire.count,
    lastAskedAt: new Date(wire.last_asked_at),
    others: wire.others ?? [],
  }
}
