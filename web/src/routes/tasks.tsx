import { Outlet, useParams, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { useTenant } from '../features/shell/tenant.ts'
import { TaskDetails } from '../features/tasks/TaskDetails.tsx'
import { TaskList } from '../features/tasks/TaskList.tsx'
import { State } from '../ui/State.tsx'
import classes from './inbox.module.css'

/** What waits for a person, beside the one that is open; on a phone one or the other. */
export function TasksPage() {
  const { t } = useTranslation()
  const { slug } = useTenant()
  const { show = 'open' } = useSearch({ from: '/$slug/tasks' })
  const { task } = useParams({ strict: false })
  return (
    <div className={classes.page} data-open={task !== undefined || undefined}>
      <h1 className="visually-hidden">{t('tasks.title')}</h1>
      <div className={classes.list}>
        <TaskList slug={slug} view={show} />
      </div>
      <div className={classes.thread}>
        {task ? (
          <Outlet />
        ) : (
          <State icon="checks" title={t('tasks.choose')}>
            {t('tasks.chooseMore')}
          </State>
        )}
      </div>
    </div>
  )
}

export function TaskPage() {
  const { slug, role } = useTenant()
  const { task } = useParams({ from: '/$slug/tasks/$task' })
  return <TaskDetails slug={slug} id={task} mayPublish={mayAdminister(role)} />
}
