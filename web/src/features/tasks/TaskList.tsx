import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { type Task, type TaskView, tasksQuery } from '../../api/tasks.ts'
import { Button } from '../../ui/Button.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { State } from '../../ui/State.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { ProblemState } from '../shell/ProblemState.tsx'
import classes from './Tasks.module.css'

const views: readonly TaskView[] = ['open', 'mine', 'ended']

/** What waits for a person, the oldest first; or what has ended. */
export function TaskList({ slug, view }: { slug: string; view: TaskView }) {
  const { t } = useTranslation()
  const found = useInfiniteQuery(tasksQuery(slug, view))
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? []
  const first = found.data?.pages[0]
  const counts = { open: first?.open, mine: first?.mine, ended: undefined }
  return (
    <section className={classes.pane} aria-label={t('tasks.list')}>
      <nav className={classes.views} aria-label={t('tasks.views')}>
        {views.map((one) => (
          <Link
            key={one}
            to="/$slug/tasks"
            params={{ slug }}
            search={one === 'open' ? {} : { show: one }}
            className={classes.view}
            activeOptions={{ exact: true }}
            {...(one === view ? { 'aria-current': 'page' as const } : {})}
          >
            {t(`tasks.view.${one}`)}
            {counts[one] !== undefined && <span className={classes.count}>{counts[one]}</span>}
          </Link>
        ))}
      </nav>
      {found.isPending ? (
        <Skeleton label={t('state.loading')} rows={4} />
      ) : found.isError && rows.length === 0 ? (
        <ProblemState error={found.error} onRetry={() => found.refetch()} />
      ) : rows.length === 0 ? (
        <State icon="check" title={t(`tasks.none.${view}`)}>
          {view !== 'ended' && t('tasks.noneMore')}
        </State>
      ) : (
        <ul className={classes.rows}>
          {rows.map((row) => (
            <li key={row.id}>
              <Row slug={slug} row={row} view={view} />
            </li>
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <Button wide busy={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {t('state.more')}
        </Button>
      )}
    </section>
  )
}

function Row({ slug, row, view }: { slug: string; row: Task; view: TaskView }) {
  const { t } = useTranslation()
  return (
    <Link
      to="/$slug/tasks/$task"
      params={{ slug, task: row.id }}
      search={view === 'open' ? {} : { show: view }}
      className={classes.row}
      activeOptions={{ includeSearch: false }}
    >
      <span className={classes.line}>
        <bdi className={classes.who}>{row.contact ?? t(`tasks.kind.${row.kind}`)}</bdi>
        <span className={classes.quiet}>
          <When at={row.createdAt} />
        </span>
      </span>
      <span className={classes.title} dir="auto">
        {row.title || t('tasks.untitled')}
      </span>
      {row.draft && (
        <span className={classes.quiet} dir="auto">
          {row.draft}
        </span>
      )}
      <span className={classes.tags}>
        <Tag>{t(`tasks.kind.${row.kind}`)}</Tag>
        {row.status !== 'open' && <Tag>{t(`tasks.status.${row.status}`)}</Tag>}
        {row.overdue && row.status === 'open' && (
          <Tag tone="warn" icon="clock">
            {t('tasks.overdue')}
          </Tag>
        )}
      </span>
    </Link>
  )
}
