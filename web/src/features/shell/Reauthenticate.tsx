import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../../api/me.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { CredentialsForm } from '../identity/CredentialsForm.tsx'

/** Asks who is signed in to prove it again: some acts need a sign-in of the last minutes. */
export function Reauthenticate({ onDone, onCancel }: { onDone: () => void; onCancel: () => void }) {
  const { t } = useTranslation()
  const { data: me } = useQuery(meQuery())
  return (
    <div className={form.stack}>
      <p>{t('form.reauth')}</p>
      <CredentialsForm
        {...(me ? { email: me.email } : {})}
        act={t('form.reauthSubmit')}
        onDone={onDone}
        aside={<Button onClick={onCancel}>{t('state.cancel')}</Button>}
      />
    </div>
  )
}
