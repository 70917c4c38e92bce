import { useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy } from 'react'
import { useTranslation } from 'react-i18next'
import { session } from '../api/client.ts'
import { useConfig } from '../api/config.ts'
import { meQuery } from '../api/me.ts'
import { PasswordForm } from '../features/account/PasswordForm.tsx'
import { Sessions } from '../features/account/Sessions.tsx'
import { TwoFactor } from '../features/account/TwoFactor.tsx'
import { WithClerk } from '../features/identity/WithClerk.tsx'
import { type Place, Shell } from '../features/shell/Shell.tsx'
import links from '../ui/links.module.css'
import { Page } from '../ui/Page.tsx'
import { Panel } from '../ui/Panel.tsx'
import { Tag } from '../ui/Tag.tsx'

const ClerkProfile = lazy(async () => ({
  default: (await import('../features/clerk/ClerkProfile.tsx')).ClerkProfile,
}))

/** What is the person's own: where they belong, and how they prove who they are. */
export function AccountPage() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery())
  const { branding } = useConfig()
  const places: Place[] = me.memberships.map(({ slug }) => ({
    path: `/${slug}`,
    link: { to: '/$slug/inbox', params: { slug }, search: {} },
    icon: 'building',
    text: slug,
  }))
  return (
    <Shell name={branding.name} email={me.email} places={places}>
      <Page title={t('account.title')} lead={t('nav.signedInAs', { email: me.email })}>
        <Panel title={t('account.workspaces')}>
          {me.memberships.length === 0 && <p>{t('account.noWorkspace')}</p>}
          <ul>
            {me.memberships.map(({ slug, role }) => (
              <li key={slug} className={links.pair}>
                <Link to="/$slug/inbox" params={{ slug }} search={{}} className={links.row} dir="ltr">
                  {slug}
                </Link>
                <Tag>{t(`role.${role}`)}</Tag>
              </li>
            ))}
          </ul>
        </Panel>
        {session.provider === 'clerk' ? (
          <Panel title={t('account.atClerk')} text={t('account.atClerkMore')}>
            <WithClerk>
              <ClerkProfile />
            </WithClerk>
          </Panel>
        ) : (
          <>
            <PasswordForm email={me.email} />
            <TwoFactor />
            <Sessions />
          </>
        )}
      </Page>
    </Shell>
  )
}
