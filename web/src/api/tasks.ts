import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client.ts'
import type { Page } from './conversations.ts'
import type { components } from './schema.d.ts'

type Wire = components['schemas']['TaskView']
type WireBlock = components['schemas']['Block']

export type TaskStatus = Wire['status']
export type TaskKind = Wire['kind']
/** What a page shows of a block; a type that it does not know shows its text. */
export type Block = { id: string; type: WireBlock['type']; data: WireBlock['data'] }
/** A question put to a person. */
export type Task = {
  id: string
  kind: TaskKind
  status: TaskStatus
  title: string
  description: string
  blocks: readonly Block[]
  /** What is sent when it is approved; undefined: nothing was drafted. */
  draft: string | undefined
  conversation: string | undefined
  contact: string | undefined
  assignedTo: string | undefined
  dueAt: Date | undefined
  overdue: boolean
  createdAt: Date
  resolution: { by: string; at: Date; feedback: string | undefined; reply: string | undefined } | undefined
}
export type TaskPage = Page<Task> & { open: number; mine: number }
export type TaskView = 'open' | 'mine' | 'ended'
export type Resolution = {
  action: 'approved' | 'rework_requested' | 'rejected'
  feedback?: string
  reply?: string
  publish?: boolean
}

export const taskKeys = {
  all: (slug: string) => [slug, 'tasks'] as const,
  list: (slug: string, view: TaskView) => [slug, 'tasks', 'list', view] as const,
  one: (slug: string, id: string) => [slug, 'tasks', 'one', id] as const,
}

/** Open ones the oldest first, because they wait; those that have ended the newest first. */
export const tasksQuery = (slug: string, view: TaskView) =>
  infiniteQueryOptions({
    queryKey: taskKeys.list(slug, view),
    initialPageParam: '',
    getNextPageParam: (last: TaskPage) => last.next,
    queryFn: ({ signal, pageParam }) =>
      page(slug, { ...filters[view], limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
  })

const filters = {
  open: { status: 'open' },
  mine: { status: 'open', assigned_to: 'me' },
  ended: { status: 'ended' },
} as const

/** How many are open for the person to see. */
export const openTasksQuery = (slug: string) =>
  queryOptions({
    queryKey: [...taskKeys.all(slug), 'count'] as const,
    queryFn: async ({ signal }) => (await page(slug, { status: 'open', limit: 1 }, signal)).open,
  })

export const taskQuery = (slug: string, id: string) =>
  queryOptions({
    queryKey: taskKeys.one(slug, id),
    queryFn: async ({ signal }) =>
      taskOf(
        await unwrap(
          client(slug).GET('/routes/tasks/{task_id}', { params: { path: { task_id: id } }, signal }),
        ),
      ),
  })

/** Carries a decision out; whoever comes second is told so by a problem. */
export async function resolveTask(slug: string, id: string, r: Resolution, key: string): Promise<string> {
  const done = await unwrap(
    client(slug).POST('/routes/tasks/{task_id}/resolve', {
      params: { path: { task_id: id } },
      headers: { 'Idempotency-Key': key },
      body: {
        action: r.action,
        ...(r.feedback ? { feedback: r.feedback } : {}),
        ...(r.reply ? { edited_reply: r.reply } : {}),
        ...(r.publish ? { publish_as_knowledge: true } : {}),
      },
    }),
  )
  return done.message
}

async function page(
  slug: string,
  query: { status: 'open' | 'ended'; assigned_to?: string; limit: number; cursor?: string },
  signal: AbortSignal,
): Promise<TaskPage> {
  const wire = await unwrap(client(slug).GET('/routes/tasks', { params: { query }, signal }))
  return {
    rows: (wire.tasks ?? []).map(taskOf),
    next: wire.next_cursor || undefined,
    open: wire.open_count,
    mine: wire.mine_count,
  }
}

export function taskOf(wire: Wire): Task {
  const blocks = wire.payload_components.blocks ?? []
  return {
    id: wire.task_id,
    kind: wire.kind,
    status: wire.status,
    title: wire.title,
    description: wire.description,
    blocks,
    draft: blocks.find((block) => block.type === 'draft_reply')?.data.text,
    conversation: wire.conversation_id,
    contact: wire.contact || undefined,
    assignedTo: wire.assigned_to || undefined,
    dueAt: wire.due_at ? new Date(wire.due_at) : undefined,
    overdue: wire.overdue,
    createdAt: new Date(wire.created_at),
    resolution: wire.resolution && {
      by: wire.resolution.by,
      at: new Date(wire.resolution.at),
      feedback: wire.resolution.feedback || undefined,
      reply: wire.resolution.reply || undefined,
    },
  }
}
