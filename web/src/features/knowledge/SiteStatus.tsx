import { useTranslation } from 'react-i18next'
import type { Site } from '../../api/sites.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Tag } from '../../ui/Tag.tsx'

const tones = { crawling: 'accent', ready: 'ok', stopped: 'plain', failed: 'bad', removing: 'plain' } as const
const icons = {
  crawling: 'clock',
  ready: 'check',
  stopped: 'clock',
  failed: 'alert',
  removing: 'trash',
} as const

export function SiteStatusTag({ status }: { status: Site['status'] }) {
  const { t } = useTranslation()
  return (
    <Tag tone={tones[status]} icon={icons[status]}>
      {t(`sites.status.${status}`)}
    </Tag>
  )
}

/** How far a crawl is, among the pages that are known so far. */
export function SiteProgress({ site }: { site: Site }) {
  const { t } = useTranslation()
  if (site.status !== 'crawling') return null
  const { waiting, added, duplicate, skipped, failed, gone } = site.pages
  // Pages that wait count under what they were before, too.
  const all = Math.max(added + duplicate + skipped + failed + gone, waiting)
  const done = all - Math.min(waiting, all)
  return <Bar label={t('sites.progress', { done, all })} value={all > 0 ? done / all : undefined} />
}
