import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button.tsx'
import { State } from '../../ui/State.tsx'

/** Clerk's script did not come: it is blocked, or there is no way to it. It is tried once for each load of the page. */
export function ClerkAway({ page }: { page?: boolean }) {
  const { t } = useTranslation()
  return (
    <State
      live
      page={page ?? false}
      icon="wifiOff"
      title={t('clerk.away')}
      action={
        <Button icon="refresh" onClick={() => location.reload()}>
          {t('state.retry')}
        </Button>
      }
    >
      {t('clerk.awayMore')}
    </State>
  )
}
