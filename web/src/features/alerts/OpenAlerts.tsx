import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { openAlertsQuery } from '../../api/alerts.ts'
import { Tag } from '../../ui/Tag.tsx'
import { severityLooks } from './words.ts'

/** How many things somebody should see to; nothing while there are none. */
export function OpenAlerts({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const { data } = useQuery(openAlertsQuery(slug))
  if (!data?.length) return null
  const urgent = data.some(({ severity }) => severity === 'urgent')
  const { tone, icon } = severityLooks[urgent ? 'urgent' : 'warning']
  return (
    <Tag tone={tone} icon={icon}>
      {t('nav.alerts', { count: data.length })}
    </Tag>
  )
}
