import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { Tokens } from '../features/settings/Tokens.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Page } from '../ui/Page.tsx'

export function TokensPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  return (
    <Page title={t('settings.tokens')} lead={t('tokens.lead')}>
      {mayAdminister(role) ? <Tokens slug={slug} /> : <Forbidden />}
    </Page>
  )
}
