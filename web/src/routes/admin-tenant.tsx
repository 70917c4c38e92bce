import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { adminTenantQuery } from '../api/tenants.ts'
import { useMayAct } from '../features/admin/rights.ts'
import { StartVisit } from '../features/admin/StartVisit.tsx'
import { TenantFacts } from '../features/admin/TenantFacts.tsx'
import { TenantLife } from '../features/admin/TenantLife.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { Icon } from '../ui/Icon.tsx'
import links from '../ui/links.module.css'
import { Page } from '../ui/Page.tsx'

/** One tenant, as its operator sees it: who it is, what state it is in, and what may be done about it. */
export function AdminTenantPage() {
  const { t } = useTranslation()
  const { tenant } = useParams({ from: '/admin/tenants/$tenant' })
  const mayAct = useMayAct()
  const found = useQuery(adminTenantQuery(tenant))
  return (
    <Page
      title={found.data?.name ?? tenant}
      back={
        <Link to="/admin/tenants" search={{}} className={links.back}>
          <Icon name="back" size={16} />
          {t('admin.tenants')}
        </Link>
      }
      action={mayAct && found.data?.status === 'active' && <StartVisit tenant={tenant} />}
    >
      <Loaded query={found}>{(data) => <TenantFacts tenant={data} />}</Loaded>
      <TenantLife tenant={tenant} />
    </Page>
  )
}
