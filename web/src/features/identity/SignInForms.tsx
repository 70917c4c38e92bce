import { lazy } from 'react'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../../api/config.ts'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { CredentialsForm } from './CredentialsForm.tsx'
import { WithClerk } from './WithClerk.tsx'

const ClerkSignIn = lazy(async () => ({ default: (await import('../clerk/ClerkSignIn.tsx')).ClerkSignIn }))

type Props = {
  /** Where to go afterwards: Clerk's form goes by itself. */
  next: string
  onDone: () => void
}

/** The ways to sign in that the server offers. */
export function SignInForms({ next, onDone }: Props) {
  const { t } = useTranslation()
  const { providers } = useConfig()
  const local = providers.includes('local')
  if (providers.length === 0) return <Notice>{t('signIn.elsewhere')}</Notice>
  return (
    <div className={form.stack}>
      {providers.includes('clerk') && (
        <WithClerk>
          <ClerkSignIn next={next} />
        </WithClerk>
      )}
      {providers.length > 1 && <p>{t('signIn.orPassword')}</p>}
      {local && <CredentialsForm act={t('signIn.submit')} onDone={onDone} />}
    </div>
  )
}
