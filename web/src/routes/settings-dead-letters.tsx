import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { DeadLetters } from '../features/deadletters/DeadLetters.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Page } from '../ui/Page.tsx'

export function DeadLettersPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  return (
    <Page title={t('settings.deadLetters')} lead={t('deadLetters.lead')}>
      {mayAdminister(role) ? <DeadLetters slug={slug} /> : <Forbidden />}
    </Page>
  )
}
