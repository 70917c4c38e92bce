import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { AuditLog } from '../features/audit/AuditLog.tsx'
import { usePeople } from '../features/audit/usePeople.ts'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Page } from '../ui/Page.tsx'

export function AuditPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  return (
    <Page title={t('audit.title')} lead={t('audit.lead')}>
      {mayAdminister(role) ? <TenantLog slug={slug} /> : <Forbidden />}
    </Page>
  )
}

function TenantLog({ slug }: { slug: string }) {
  return <AuditLog slug={slug} people={usePeople(slug)} />
}
