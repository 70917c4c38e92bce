import { useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Provision } from '../features/admin/Provision.tsx'
import { useMayAct } from '../features/admin/rights.ts'
import { TenantList } from '../features/admin/TenantList.tsx'
import { Button } from '../ui/Button.tsx'
import { Page } from '../ui/Page.tsx'
import { SearchField } from '../ui/SearchField.tsx'
import { Sheet } from '../ui/Sheet.tsx'

export function TenantsPage() {
  const { t } = useTranslation()
  const { q = '', form } = useSearch({ from: '/admin/tenants' })
  const navigate = useNavigate({ from: '/admin/tenants' })
  const mayAct = useMayAct()
  const open = (form: 'provision' | undefined) =>
    void navigate({ search: ({ form: _, ...old }) => ({ ...old, ...(form ? { form } : {}) }) })
  return (
    <Page
      title={t('admin.tenants')}
      action={
        mayAct && (
          <Button look="primary" icon="plus" onClick={() => open('provision')}>
            {t('admin.provision')}
          </Button>
        )
      }
    >
      <SearchField
        label={t('admin.searchTenants')}
        value={q}
        onChange={(next) =>
          void navigate({
            search: ({ q: _, ...old }) => ({ ...old, ...(next ? { q: next } : {}) }),
            replace: true,
          })
        }
      />
      <TenantList search={q} />
      <Sheet
        open={mayAct && form === 'provision'}
        onClose={() => form && open(undefined)}
        from="middle"
        title={t('admin.provision')}
        closeLabel={t('state.close')}
      >
        <Provision />
      </Sheet>
    </Page>
  )
}
