import { useQuery } from '@tanstack/react-query'
import { Link, useLocation, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { session } from '../../api/client.ts'
import { meQuery } from '../../api/me.ts'
import { Button } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { Preferences } from './Preferences.tsx'
import classes from './Shell.module.css'

/** The person's own corner of the menu: the administration where they may, their account, their preferences, and the way out. */
export function Person({ email, slug }: { email: string; slug?: string | undefined }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { data: me } = useQuery(meQuery())
  const inAdmin = useLocation().pathname.startsWith('/admin')
  const signOut = async () => {
    await session.signOut()
    await navigate({ to: '/sign-in', search: {} })
  }
  return (
    <div className={classes.foot}>
      <ul className={classes.pages}>
        {me && me.platform !== 'user' && !inAdmin && (
          <li>
            <Link to="/admin" className={classes.page}>
              <Icon name="shield" />
              {t('nav.admin')}
            </Link>
          </li>
        )}
        <li>
          <Link to="/account" className={classes.page} title={t('nav.signedInAs', { email })}>
            <Icon name="user" />
            <span className={classes.who}>{email}</span>
          </Link>
        </li>
      </ul>
      <Preferences slug={slug} />
      <Button look="plain" icon="signOut" onClick={signOut}>
        {t('signIn.signOut')}
      </Button>
    </div>
  )
}
