import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { type Site, sitesQuery } from '../../api/sites.ts'
import { Icon } from '../../ui/Icon.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { SiteProgress, SiteStatusTag } from './SiteStatus.tsx'
import classes from './Sites.module.css'

/** The web sites that the knowledge follows; nothing where there are none. */
export function SiteList({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const found = useQuery(sitesQuery(slug))
  if (found.isError && !found.data) return <ProblemLine error={found.error} />
  if (!found.data || found.data.length === 0) return null
  return (
    <ul className={classes.sites} aria-label={t('sites.title')}>
      {found.data.map((site) => (
        <li key={site.id}>
          <Row slug={slug} site={site} />
        </li>
      ))}
    </ul>
  )
}

function Row({ slug, site }: { slug: string; site: Site }) {
  const { t } = useTranslation()
  return (
    <Link
      to="/$slug/brain"
      params={{ slug }}
      search={(old) => ({ ...old, site: site.id })}
      className={classes.site}
    >
      <Icon name="link" />
      <span className={classes.words}>
        <bdi className={classes.address} dir="ltr">
          {site.address.replace(/^https?:\/\/(www\.)?|\/$/g, '')}
        </bdi>
        <span className={classes.quiet}>
          {t('sites.added', { count: site.pages.added })}
          {site.pages.failed > 0 && ` · ${t('sites.state.failed')}: ${site.pages.failed}`}
        </span>
        <SiteProgress site={site} />
      </span>
      <SiteStatusTag status={site.status} />
    </Link>
  )
}
