import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../api/config.ts'
import { SignInForms } from '../features/identity/SignInForms.tsx'
import links from '../ui/links.module.css'
import { FrontPage } from './front.tsx'

export function SignInPage() {
  const { t } = useTranslation()
  const router = useRouter()
  const { providers } = useConfig()
  const { next = '/home' } = useSearch({ from: '/sign-in' })
  return (
    <FrontPage title={t('signIn.title')}>
      <SignInForms next={next} onDone={() => router.history.replace(next)} />
      {providers.includes('local') && (
        <Link to="/reset-password" className={links.row}>
          {t('signIn.forgot')}
        </Link>
      )}
    </FrontPage>
  )
}
