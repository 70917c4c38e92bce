import { useSuspenseQuery } from '@tanstack/react-query'
import { Outlet } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../api/me.ts'
import { useMayAct } from '../features/admin/rights.ts'
import { type Place, Shell } from '../features/shell/Shell.tsx'
import { Notice } from '../ui/Notice.tsx'

/** The platform's own house: a super admin acts here; a platform admin reads what is open to them. */
export function AdminPage() {
  const { t } = useTranslation()
  const { data: me } = useSuspenseQuery(meQuery())
  const mayAct = useMayAct()
  const superAdmins: Place[] = [
    { path: '/admin/mail', link: { to: '/admin/mail', search: {} }, icon: 'mail', text: t('mail.title') },
    { path: '/admin/audit-log', link: { to: '/admin/audit-log' }, icon: 'log', text: t('audit.title') },
    { path: '/admin/visits', link: { to: '/admin/visits' }, icon: 'eye', text: t('visits.title') },
  ]
  const places: Place[] = [
    { path: '/admin', link: { to: '/admin' }, icon: 'shield', text: t('admin.overview'), exact: true },
    {
      path: '/admin/tenants',
      link: { to: '/admin/tenants', search: {} },
      icon: 'building',
      text: t('admin.tenants'),
    },
    {
      path: '/admin/waba-templates',
      link: { to: '/admin/waba-templates', search: {} },
      icon: 'file',
      text: t('settings.templates'),
    },
    { path: '/admin/users', link: { to: '/admin/users' }, icon: 'people', text: t('users.title') },
    ...(mayAct ? superAdmins : []),
    { path: '/admin/health', link: { to: '/admin/health' }, icon: 'health', text: t('admin.health') },
  ]
  return (
    <Shell
      name={t('nav.admin')}
      email={me.email}
      places={places}
      banner={!mayAct && <Notice>{t('admin.readOnly')}</Notice>}
    >
      <Outlet />
    </Shell>
  )
}
