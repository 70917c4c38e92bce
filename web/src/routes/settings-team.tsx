import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { Team } from '../features/settings/Team.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Page } from '../ui/Page.tsx'

export function TeamPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  return (
    <Page title={t('settings.team')} lead={t('team.lead')}>
      {mayAdminister(role) ? <Team slug={slug} own={role} /> : <Forbidden />}
    </Page>
  )
}
