import { useQuery } from '@tanstack/react-query'
import { lazy } from 'react'
import { useTranslation } from 'react-i18next'
import { session } from '../../api/client.ts'
import { meQuery } from '../../api/me.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { CredentialsForm } from '../identity/CredentialsForm.tsx'
import { WithClerk } from '../identity/WithClerk.tsx'

const ClerkProof = lazy(async () => ({ default: (await import('../clerk/ClerkProof.tsx')).ClerkProof }))

type Props = { onDone: () => void; onCancel: () => void }

/** Asks who is signed in to prove it again, by the provider that knows them: some acts need a sign-in of the last minutes. */
export function Reauthenticate(props: Props) {
  const { t } = useTranslation()
  return (
    <div className={form.stack}>
      <p>{t('form.reauth')}</p>
      {session.provider === 'clerk' ? (
        <WithClerk>
          <ClerkProof {...props} />
        </WithClerk>
      ) : (
        <PasswordAgain {...props} />
      )}
    </div>
  )
}

function PasswordAgain({ onDone, onCancel }: Props) {
  const { t } = useTranslation()
  const { data: me } = useQuery(meQuery())
  return (
    <CredentialsForm
      {...(me ? { email: me.email } : {})}
      act={t('form.reauthSubmit')}
      onDone={onDone}
      aside={<Button onClick={onCancel}>{t('state.cancel')}</Button>}
    />
  )
}
