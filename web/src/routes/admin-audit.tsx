import { useTranslation } from 'react-i18next'
import { AuditLog } from '../features/audit/AuditLog.tsx'
import { usePeople } from '../features/audit/usePeople.ts'
import { Page } from '../ui/Page.tsx'

export function PlatformAuditPage() {
  const { t } = useTranslation()
  return (
    <Page title={t('audit.title')} lead={t('audit.platformLead')}>
      <AuditLog slug="" people={usePeople('')} />
    </Page>
  )
}
