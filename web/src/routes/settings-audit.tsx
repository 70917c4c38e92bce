import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { tenantVisitsQuery } from '../api/visits.ts'
import { VisitTable } from '../features/admin/VisitTable.tsx'
import { AuditLog } from '../features/audit/AuditLog.tsx'
import { usePeople } from '../features/audit/usePeople.ts'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Page } from '../ui/Page.tsx'
import { Panel } from '../ui/Panel.tsx'

export function AuditPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  return (
    <Page title={t('audit.title')} lead={t('audit.lead')}>
      {mayAdminister(role) ? (
        <>
          <Visits slug={slug} />
          <TenantLog slug={slug} />
        </>
      ) : (
        <Forbidden />
      )}
    </Page>
  )
}

function TenantLog({ slug }: { slug: string }) {
  return <AuditLog slug={slug} people={usePeople(slug)} />
}

/** Who of the platform was here; nothing where nobody was. */
function Visits({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const { data: visits = [] } = useQuery(tenantVisitsQuery(slug))
  if (visits.length === 0) return null
  return (
    <Panel title={t('visits.here')} text={t('visits.hereMore')}>
      <VisitTable visits={visits} />
    </Panel>
  )
}
