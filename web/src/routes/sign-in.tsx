import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../api/config.ts'
import { SignInForm } from '../features/identity/SignInForm.tsx'
import { Preferences } from '../features/shell/Preferences.tsx'
import { Brand } from '../ui/Brand.tsx'
import classes from './sign-in.module.css'

export function SignInPage() {
  const { t } = useTranslation()
  const { branding } = useConfig()
  const router = useRouter()
  const { next } = useSearch({ from: '/sign-in' })
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Link to="/" className={classes.brand}>
          <Brand branding={branding} />
        </Link>
        <h1 className={classes.title}>{t('signIn.title')}</h1>
        <SignInForm onDone={() => router.history.replace(next ?? '/home')} />
      </div>
      <div className={classes.foot}>
        <Preferences />
      </div>
    </main>
  )
}
