import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { Ledger } from '../features/ledger/Ledger.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Page } from '../ui/Page.tsx'

export function ReceivedPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  return (
    <Page title={t('settings.received')} lead={t('ledger.lead')}>
      {mayAdminister(role) ? <Ledger slug={slug} /> : <Forbidden />}
    </Page>
  )
}
