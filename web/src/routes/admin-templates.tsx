import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { tenantsQuery } from '../api/tenants.ts'
import { useMayAct } from '../features/admin/rights.ts'
import { TenantStatusTag } from '../features/admin/TenantStatusTag.tsx'
import { Loaded, More } from '../features/shell/Loaded.tsx'
import { TemplateList } from '../features/templates/TemplateList.tsx'
import { Icon } from '../ui/Icon.tsx'
import links from '../ui/links.module.css'
import { Page } from '../ui/Page.tsx'
import { SearchField } from '../ui/SearchField.tsx'
import { State } from '../ui/State.tsx'
import { Table } from '../ui/Table.tsx'

/** The templates of every tenant: first whose, then the list that its own people see. */
export function AdminTemplatesPage() {
  const { t } = useTranslation()
  const { tenant, q = '', template } = useSearch({ from: '/admin/waba-templates' })
  const navigate = useNavigate({ from: '/admin/waba-templates' })
  const mayAct = useMayAct()
  const kept = { ...(tenant ? { tenant } : {}), ...(q ? { q } : {}) }
  const search = (next: string) =>
    void navigate({
      search: { ...(tenant ? { tenant } : {}), ...(next ? { q: next } : {}) },
      replace: true,
    })
  if (!tenant)
    return (
      <Page title={t('settings.templates')} lead={t('admin.templatesLead')}>
        <SearchField label={t('admin.searchTenants')} value={q} onChange={search} />
        <Tenants search={q} />
      </Page>
    )
  return (
    <Page
      title={t('admin.templatesOf', { tenant })}
      back={
        <Link to="/admin/waba-templates" search={{}} className={links.back}>
          <Icon name="back" size={16} />
          {t('settings.templates')}
        </Link>
      }
    >
      <TemplateList
        slug={tenant}
        search={q}
        onSearch={search}
        open={template}
        onClose={() => void navigate({ search: kept })}
        link={(id, className, content) => (
          <Link to="/admin/waba-templates" search={{ ...kept, template: id }} className={className}>
            {content}
          </Link>
        )}
        may={{ act: mayAct, remove: false }}
      />
    </Page>
  )
}

function Tenants({ search }: { search: string }) {
  const { t } = useTranslation()
  const found = useInfiniteQuery(tenantsQuery(search))
  return (
    <Loaded query={found}>
      {({ pages }) => {
        const rows = pages.flatMap((page) => page.rows)
        if (rows.length === 0) return <State icon="search" title={t('admin.noMatch', { query: search })} />
        return (
          <>
            <Table
              label={t('admin.tenants')}
              rows={rows}
              keyOf={(row) => row.id}
              columns={[
                {
                  head: t('tenant.name'),
                  cell: (row) => (
                    <Link to="/admin/waba-templates" search={{ tenant: row.slug }} className={links.row}>
                      <bdi>{row.name}</bdi>
                    </Link>
                  ),
                },
                { head: t('tenant.slug'), cell: (row) => <code dir="ltr">{row.slug}</code> },
                { head: t('tenant.statusName'), cell: (row) => <TenantStatusTag status={row.status} /> },
              ]}
            />
            <More query={found} />
          </>
        )
      }}
    </Loaded>
  )
}
