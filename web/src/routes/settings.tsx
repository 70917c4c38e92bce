import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { OpenAlerts } from '../features/alerts/OpenAlerts.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Icon, type IconName } from '../ui/Icon.tsx'
import links from '../ui/links.module.css'
import classes from './settings.module.css'

// The sections, in the order of the list; what a member may not even read is not offered.
const sections = [
  { to: '/$slug/settings/profile', icon: 'building', text: 'settings.profile', admin: false },
  { to: '/$slug/settings/branding', icon: 'palette', text: 'settings.branding', admin: false },
  { to: '/$slug/settings/channels', icon: 'phone', text: 'settings.channels', admin: true },
  { to: '/$slug/settings/templates', icon: 'file', text: 'settings.templates', admin: true },
  { to: '/$slug/settings/dead-letters', icon: 'inbox', text: 'settings.deadLetters', admin: true },
  { to: '/$slug/settings/received', icon: 'log', text: 'settings.received', admin: true },
  { to: '/$slug/settings/team', icon: 'people', text: 'settings.team', admin: true },
  { to: '/$slug/settings/api-tokens', icon: 'key', text: 'settings.tokens', admin: true },
  { to: '/$slug/settings/policies', icon: 'shield', text: 'settings.policies', admin: false },
  { to: '/$slug/settings/audit-log', icon: 'log', text: 'audit.title', admin: true },
] as const satisfies readonly { to: string; icon: IconName; text: string; admin: boolean }[]

/** The list of sections beside the chosen one; on a phone one or the other. */
export function SettingsPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const address = useLocation().pathname
  const inside = address.replace(/\/$/, '') !== `/${slug}/settings`
  const offered = sections.filter((section) => !section.admin || mayAdminister(role))
  return (
    <div className={classes.page} data-inside={inside || undefined}>
      <div className={classes.list}>
        <h1 className={classes.title}>{t('nav.settings')}</h1>
        <nav aria-label={t('nav.settings')}>
          <ul className={classes.sections}>
            {offered.map((section) => (
              <li key={section.to}>
                <Link to={section.to} params={{ slug }} className={classes.section}>
                  <Icon name={section.icon} />
                  <span className={classes.name}>{t(section.text)}</span>
                  {section.to === '/$slug/settings/channels' && <OpenAlerts slug={slug} />}
                  <Icon name="chevron" size={16} />
                </Link>
              </li>
            ))}
          </ul>
        </nav>
      </div>
      {inside && (
        <div className={classes.inside}>
          <div className={classes.back}>
            <Link to="/$slug/settings" params={{ slug }} className={links.back}>
              <Icon name="back" size={16} />
              {t('nav.settings')}
            </Link>
          </div>
          <Outlet />
        </div>
      )}
    </div>
  )
}
