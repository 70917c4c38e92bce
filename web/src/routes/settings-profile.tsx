import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { profileQuery } from '../api/profile.ts'
import { OwnDomain } from '../features/settings/OwnDomain.tsx'
import { ProfileForm } from '../features/settings/ProfileForm.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Page } from '../ui/Page.tsx'

export function ProfilePage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const profile = useQuery(profileQuery(slug))
  return (
    <Page title={t('settings.profile')} lead={t('profile.lead')}>
      <Loaded query={profile}>
        {(known) => (
          <>
            <ProfileForm slug={slug} profile={known.profile} mayChange={mayAdminister(role)} />
            {known.domain && <OwnDomain slug={slug} domain={known.domain} mayChange={mayAdminister(role)} />}
          </>
        )}
      </Loaded>
    </Page>
  )
}
