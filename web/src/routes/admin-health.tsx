import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { healthQuery } from '../api/health.ts'
import { HealthReport } from '../features/admin/HealthReport.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { Page } from '../ui/Page.tsx'

export function HealthPage() {
  const { t } = useTranslation()
  const health = useQuery(healthQuery())
  return (
    <Page title={t('admin.health')} lead={t('health.lead')}>
      <Loaded query={health}>{(data) => <HealthReport health={data} />}</Loaded>
    </Page>
  )
}
