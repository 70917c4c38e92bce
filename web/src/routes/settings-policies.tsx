import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { mayAdminister, meQuery } from '../api/me.ts'
import { policiesQuery } from '../api/policies.ts'
import { PolicyForm } from '../features/settings/PolicyForm.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Page } from '../ui/Page.tsx'

export function PoliciesPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const { data: me } = useSuspenseQuery(meQuery())
  const policies = useQuery(policiesQuery(slug))
  const rights = me.platform === 'super_admin' ? 'operator' : mayAdminister(role) ? 'admin' : 'reader'
  return (
    <Page title={t('settings.policies')} lead={t('policies.lead')}>
      <Loaded query={policies}>{(data) => <PolicyForm slug={slug} policies={data} rights={rights} />}</Loaded>
    </Page>
  )
}
