import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { type Task, taskQuery } from '../../api/tasks.ts'
import { Icon } from '../../ui/Icon.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { usePeople } from '../audit/usePeople.ts'
import { ProblemState } from '../shell/ProblemState.tsx'
import { Blocks } from './Blocks.tsx'
import { Decide } from './Decide.tsx'
import classes from './Tasks.module.css'

/** One task: what is asked, what stands behind it, and the decision. */
export function TaskDetails({ slug, id, mayPublish }: { slug: string; id: string; mayPublish: boolean }) {
  const { t } = useTranslation()
  const found = useQuery(taskQuery(slug, id))
  if (found.isPending) return <Skeleton label={t('state.loading')} rows={4} />
  if (found.isError) return <ProblemState error={found.error} onRetry={() => found.refetch()} />
  const task = found.data
  return (
    <article className={classes.details}>
      <header className={classes.head}>
        <h2 className={classes.heading} dir="auto">
          {task.title || t('tasks.untitled')}
        </h2>
        <p className={classes.tags}>
          <Tag>{t(`tasks.kind.${task.kind}`)}</Tag>
          {task.status !== 'open' && <Tag>{t(`tasks.status.${task.status}`)}</Tag>}
          {task.status === 'open' && task.dueAt && (
            <Tag tone={task.overdue ? 'warn' : 'plain'} icon="clock">
              {t('tasks.due')} <When at={task.dueAt} />
            </Tag>
          )}
        </p>
        <Assignee slug={mayPublish ? slug : ''} task={task} />
        {task.conversation && (
          <Link
            to="/$slug/inbox/$conversation"
            params={{ slug, conversation: task.conversation }}
            search={{}}
            className={classes.link}
          >
            <Icon name="inbox" size={16} />
            {t('tasks.conversation')}
          </Link>
        )}
      </header>
      <Blocks slug={slug} blocks={task.blocks} />
      {task.status === 'open' ? (
        <Decide key={task.id} slug={slug} task={task} mayPublish={mayPublish} />
      ) : (
        <Ended task={task} />
      )}
    </article>
  )
}

/** Who is asked, by the address where the person may read the team's. */
function Assignee({ slug, task }: { slug: string; task: Task }) {
  const { t } = useTranslation()
  const people = usePeople(slug)
  if (!task.assignedTo) return null
  return (
    <p className={classes.quiet}>
      {t('tasks.assigned')} <bdi>{people.get(task.assignedTo) ?? task.assignedTo}</bdi>
    </p>
  )
}

function Ended({ task }: { task: Task }) {
  const { t } = useTranslation()
  return (
    <Notice tone={task.status === 'approved' ? 'ok' : 'accent'}>
      <strong>{t(`tasks.status.${task.status}`)}</strong>{' '}
      {task.resolution && <When at={task.resolution.at} />}
      {(task.resolution?.reply ?? task.resolution?.feedback) && (
        <blockquote className={classes.quote} dir="auto">
          {task.resolution?.reply ?? task.resolution?.feedback}
        </blockquote>
      )}
    </Notice>
  )
}
