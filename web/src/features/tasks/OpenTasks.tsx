import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { openTasksQuery } from '../../api/tasks.ts'
import { Tag } from '../../ui/Tag.tsx'

/** How many tasks wait; nothing while there are none. */
export function OpenTasks({ slug }: { slug: string }) {
  const { t, i18n } = useTranslation()
  const { data } = useQuery(openTasksQuery(slug))
  if (!data) return null
  return (
    <Tag tone="accent">
      <span aria-hidden="true">{new Intl.NumberFormat(i18n.language).format(data)}</span>
      <span className="visually-hidden">{t('nav.tasksOpen', { count: data })}</span>
    </Tag>
  )
}
