import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { healthQuery } from '../api/health.ts'
import { tenantsQuery } from '../api/tenants.ts'
import { TenantStatusTag } from '../features/admin/TenantStatusTag.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { Facts } from '../ui/Facts.tsx'
import links from '../ui/links.module.css'
import { Notice } from '../ui/Notice.tsx'
import { Page } from '../ui/Page.tsx'
import { Panel } from '../ui/Panel.tsx'

const few = 5

/** Whether the platform is well, and whom it serves. */
export function OverviewPage() {
  const { t, i18n } = useTranslation()
  const health = useQuery(healthQuery())
  const tenants = useInfiniteQuery(tenantsQuery(''))
  const number = new Intl.NumberFormat(i18n.language)
  return (
    <Page title={t('admin.overview')}>
      <Panel title={t('admin.health')}>
        <Loaded query={health} rows={2}>
          {(data) => (
            <>
              <Notice tone={data.ready ? 'ok' : 'bad'}>
                {t(data.ready ? 'health.ready' : 'health.notReady')}
              </Notice>
              <Facts
                facts={[
                  [t('health.waiting'), number.format(data.waiting)],
                  [t('health.version'), <code key="version">{data.version}</code>],
                ]}
              />
            </>
          )}
        </Loaded>
        <Link to="/admin/health" className={links.row}>
          {t('admin.toHealth')}
        </Link>
      </Panel>
      <Panel title={t('admin.tenants')}>
        <Loaded query={tenants}>
          {({ pages: [first] }) => (
            <>
              <Facts
                facts={(first?.rows ?? []).slice(0, few).map((row) => [
                  row.name,
                  <span key={row.id} className={links.pair}>
                    <TenantStatusTag status={row.status} />
                    <Link
                      to="/admin/tenants/$tenant"
                      params={{ tenant: row.slug }}
                      className={links.row}
                      dir="ltr"
                    >
                      {row.slug}
                    </Link>
                  </span>,
                ])}
              />
              <Link to="/admin/tenants" search={{}} className={links.row}>
                {t('admin.allTenants', { count: first?.total ?? 0 })}
              </Link>
            </>
          )}
        </Loaded>
      </Panel>
    </Page>
  )
}
