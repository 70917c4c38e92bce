import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { lookQuery } from '../api/branding.ts'
import { mayAdminister, tenantQuery } from '../api/me.ts'
import { BrandingForm } from '../features/settings/BrandingForm.tsx'
import { LogoUpload } from '../features/settings/LogoUpload.tsx'
import { ResetBranding } from '../features/settings/ResetBranding.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Notice } from '../ui/Notice.tsx'
import { Page } from '../ui/Page.tsx'

export function BrandingPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const look = useQuery(lookQuery(slug))
  const { data: tenant } = useQuery(tenantQuery(slug))
  const mayChange = mayAdminister(role)
  return (
    <Page title={t('settings.branding')} lead={t('branding.lead')}>
      <Loaded query={look}>
        {(data) => (
          <>
            {!mayChange && <Notice>{t('branding.readOnly')}</Notice>}
            <LogoUpload slug={slug} logoUrl={data.logoUrl} mayChange={mayChange} />
            <BrandingForm slug={slug} look={data} name={tenant?.name ?? slug} mayChange={mayChange} />
            {mayChange && <ResetBranding slug={slug} />}
          </>
        )}
      </Loaded>
    </Page>
  )
}
