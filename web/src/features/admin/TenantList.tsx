import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { tenantsQuery } from '../../api/tenants.ts'
import form from '../../ui/form.module.css'
import links from '../../ui/links.module.css'
import { State } from '../../ui/State.tsx'
import { Table } from '../../ui/Table.tsx'
import { When } from '../../ui/When.tsx'
import { Loaded, More } from '../shell/Loaded.tsx'
import { TenantStatusTag } from './TenantStatusTag.tsx'

/** Every tenant of the platform, the newest first. */
export function TenantList({ search }: { search: string }) {
  const { t } = useTranslation()
  const found = useInfiniteQuery(tenantsQuery(search))
  return (
    <Loaded query={found}>
      {({ pages }) => {
        const rows = pages.flatMap((page) => page.rows)
        if (rows.length === 0)
          return search ? (
            <State icon="search" title={t('admin.noMatch', { query: search })} />
          ) : (
            <State icon="building" title={t('admin.noTenants')}>
              {t('admin.noTenantsMore')}
            </State>
          )
        return (
          <div className={form.stack}>
            <p role="status" className={links.aside}>
              {t('admin.tenantCount', { count: pages[0]?.total ?? rows.length })}
            </p>
            <Table
              label={t('admin.tenants')}
              rows={rows}
              keyOf={(row) => row.id}
              columns={[
                {
                  head: t('tenant.name'),
                  cell: (row) => (
                    <Link to="/admin/tenants/$tenant" params={{ tenant: row.slug }} className={links.row}>
                      <bdi>{row.name}</bdi>
                    </Link>
                  ),
                },
                { head: t('tenant.slug'), cell: (row) => <code dir="ltr">{row.slug}</code> },
                {
                  head: t('tenant.statusName'),
                  cell: (row) => <TenantStatusTag status={row.status} />,
                },
                { head: t('tenant.created'), cell: (row) => <When at={row.createdAt} /> },
              ]}
            />
            <More query={found} />
          </div>
        )
      }}
    </Loaded>
  )
}
