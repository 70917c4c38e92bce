import { useTranslation } from 'react-i18next'
import type { Preview } from '../../api/sites.ts'
import classes from './Sites.module.css'

/** What a crawl would begin with. */
export function SitePreview({ preview }: { preview: Preview }) {
  const { t } = useTranslation()
  return (
    <section className={classes.preview} aria-label={t('sites.preview')} role="status">
      <p className={classes.strong}>
        <bdi>{preview.title || t('sites.previewTitle')}</bdi>
      </p>
      <p className={classes.quiet}>{preview.sitemap ? t('sites.previewMap') : t('sites.previewNoMap')}</p>
      <ul className={classes.addresses}>
        {preview.pages.map((page) => (
          <li key={page.address} dir="ltr">
            {page.address}
            {!page.allowed && <span className={classes.quiet}> ({t('sites.forbidden')})</span>}
          </li>
        ))}
      </ul>
      {preview.more && <p className={classes.quiet}>{t('sites.previewMore')}</p>}
    </section>
  )
}
