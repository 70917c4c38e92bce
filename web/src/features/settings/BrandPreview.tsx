import type { CSSProperties } from 'react'
import { useTranslation } from 'react-i18next'
import { type Branding, brandVariables } from '../../lib/branding.ts'
import { contrast, parseHex } from '../../lib/contrast.ts'
import { Brand } from '../../ui/Brand.tsx'
import classes from './Branding.module.css'

/** A page in small, in light and in dark, in the colours that are being chosen. It wears them as every page will. */
export function BrandPreview({ branding }: { branding: Pick<Branding, 'name' | 'primary' | 'logoUrl'> }) {
  const { t } = useTranslation()
  const variables = brandVariables(branding.primary) as CSSProperties
  const chosen = parseHex(branding.primary)
  // Said, because it is seen: the colour on the button is then not quite the one that was typed.
  const moved = chosen !== undefined && contrast(chosen, [255, 255, 255]) < 4.5
  return (
    <figure className={classes.preview}>
      <figcaption className={classes.caption}>{t('branding.preview')}</figcaption>
      <div className={classes.grounds}>
        {(['light', 'dark'] as const).map((scheme) => (
          <div
            key={scheme}
            className={classes.small}
            data-scheme={scheme}
            style={variables}
            aria-hidden="true"
          >
            <Brand branding={branding} />
            <span className={classes.current}>{t('nav.inbox')}</span>
            <span className={classes.words}>{t('landing.pictureQuestion')}</span>
            <span className={classes.link}>{t('landing.pictureSource')}</span>
            <span className={classes.button}>{t('inbox.send')}</span>
          </div>
        ))}
      </div>
      {moved && <p className={classes.caption}>{t('branding.moved')}</p>}
    </figure>
  )
}
