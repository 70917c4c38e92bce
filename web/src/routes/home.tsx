import { useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { session } from '../api/client.ts'
import { meQuery } from '../api/me.ts'
import { Button } from '../ui/Button.tsx'
import { State } from '../ui/State.tsx'

/** Shown to somebody who is known but belongs nowhere; everybody else was sent on (router.tsx). */
export function NoTenant() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { data: me } = useSuspenseQuery(meQuery())
  const signOut = async () => {
    await session.signOut()
    await navigate({ to: '/sign-in', search: {} })
  }
  return (
    <main>
      <State
        page
        icon="user"
        title={t('signIn.noTenant')}
        action={<Button onClick={signOut}>{t('signIn.signOut')}</Button>}
      >
        {t('signIn.noTenantMore', { email: me.email })}
      </State>
    </main>
  )
}
