import { Link, useLocation } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { AskForReset } from '../features/identity/AskForReset.tsx'
import { ResetPassword } from '../features/identity/ResetPassword.tsx'
import links from '../ui/links.module.css'
import { FrontPage } from './front.tsx'

/** A forgotten password: asking for a mail, and, behind the # of its link, choosing another one. */
export function ResetPasswordPage() {
  const { t } = useTranslation()
  const token = useLocation().hash.replace(/^#/, '')
  return (
    <FrontPage title={t('reset.title')}>
      {token ? <ResetPassword token={token} /> : <AskForReset />}
      <Link to="/sign-in" className={links.row}>
        {t('reset.back')}
      </Link>
    </FrontPage>
  )
}
