import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { CredentialsForm } from '../features/identity/CredentialsForm.tsx'
import links from '../ui/links.module.css'
import { FrontPage } from './front.tsx'

export function SignInPage() {
  const { t } = useTranslation()
  const router = useRouter()
  const { next } = useSearch({ from: '/sign-in' })
  return (
    <FrontPage title={t('signIn.title')}>
      <CredentialsForm act={t('signIn.submit')} onDone={() => router.history.replace(next ?? '/home')} />
      <Link to="/reset-password" className={links.row}>
        {t('signIn.forgot')}
      </Link>
    </FrontPage>
  )
}
