import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Outlet, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../api/config.ts'
import { mayAdminister, meQuery, roleIn, tenantQuery } from '../api/me.ts'
import { asProblem } from '../api/problem.ts'
import { OpenAlerts } from '../features/alerts/OpenAlerts.tsx'
import { UploadsLeft, UploadsListen } from '../features/knowledge/UploadsLeft.tsx'
import { Connection } from '../features/shell/Connection.tsx'
import { LineContext, useLine } from '../features/shell/live.ts'
import { ProblemState } from '../features/shell/ProblemState.tsx'
import { type Place, Shell } from '../features/shell/Shell.tsx'
import { usePreferences } from '../features/shell/usePreferences.ts'
import { VisitBanner } from '../features/shell/VisitBanner.tsx'
import { OpenTasks } from '../features/tasks/OpenTasks.tsx'
import { Notice } from '../ui/Notice.tsx'

/** Everything of one tenant: the frame, the live line, and the page within. */
export function TenantPage() {
  const { t } = useTranslation()
  const { slug } = useParams({ from: '/$slug' })
  const queries = useQueryClient()
  const { data: me } = useSuspenseQuery(meQuery())
  const tenant = useQuery(tenantQuery(slug))
  const { branding, tenant: house } = useConfig()
  const role = roleIn(me, slug)
  const name = tenant.data?.name ?? (house === slug ? branding.name : slug)
  usePreferences(slug)
  const { line, state } = useLine(slug, queries)
  const suspended = tenant.error && asProblem(tenant.error).code === 'tenant_suspended'
  // The pages of a tenant, in the order of the menu. A page is listed once it works.
  const params = { slug }
  const places: Place[] = [
    {
      path: `/${slug}/inbox`,
      link: { to: '/$slug/inbox', params, search: {} },
      icon: 'inbox',
      text: t('nav.inbox'),
    },
    {
      path: `/${slug}/tasks`,
      link: { to: '/$slug/tasks', params, search: {} },
      icon: 'checks',
      text: t('nav.tasks'),
      mark: <OpenTasks slug={slug} />,
    },
    {
      path: `/${slug}/brain`,
      link: { to: '/$slug/brain', params, search: {} },
      icon: 'brain',
      text: t('nav.brain'),
      mark: <UploadsLeft slug={slug} />,
    },
    {
      path: `/${slug}/simulator`,
      link: { to: '/$slug/simulator', params },
      icon: 'phone',
      text: t('nav.simulator'),
    },
    {
      path: `/${slug}/settings`,
      link: { to: '/$slug/settings', params },
      icon: 'settings',
      text: t('nav.settings'),
      mark: role && mayAdminister(role) && <OpenAlerts slug={slug} />,
    },
  ]
  return (
    <LineContext value={line}>
      <UploadsListen slug={slug} />
      <Shell
        slug={slug}
        name={name}
        email={me.email}
        places={places}
        banner={
          <>
            <VisitBanner />
            <Connection state={state} />
            {tenant.data?.status === 'suspended' && (
              <Notice tone="warn">
                <strong>{t('state.suspended')}.</strong> {t('state.suspendedMore')}
              </Notice>
            )}
          </>
        }
      >
        {suspended ? <ProblemState error={tenant.error} /> : <Outlet />}
      </Shell>
    </LineContext>
  )
}
