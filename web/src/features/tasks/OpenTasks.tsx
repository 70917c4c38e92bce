import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { openTasksQuery } from '../../api/tasks.ts'
import { Tag } from '../../ui/Tag.tsx'

/** How many tasks wait; nothing while there are none. */
export function OpenTasks({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const { data } = useQuery(openTasksQuery(slug))
  if (!data) return null
  return <Tag tone="accent">{t('nav.tasksOpen', { count: data })}</Tag>
}
