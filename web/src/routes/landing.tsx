import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../api/config.ts'
import { Preferences } from '../features/shell/Preferences.tsx'
import { Brand } from '../ui/Brand.tsx'
import { Icon } from '../ui/Icon.tsx'
import links from '../ui/links.module.css'
import classes from './landing.module.css'

export function Landing() {
  const { t } = useTranslation()
  const { branding } = useConfig()
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <Brand branding={branding} />
        <Preferences />
      </header>
      <main className={classes.main}>
        <div className={classes.words}>
          <h1 className={classes.sentence}>{t('landing.sentence')}</h1>
          <p className={classes.more}>{t('landing.more')}</p>
          <Link to="/sign-in" className={links.button}>
            {t('signIn.submit')}
            <Icon name="chevron" size={16} />
          </Link>
        </div>
        <figure className={classes.picture} role="img" aria-label={t('landing.pictureLabel')}>
          <div className={classes.phone}>
            <p className={classes.asks}>{t('landing.pictureQuestion')}</p>
            <div className={classes.answers}>
              <p>{t('landing.pictureAnswer')}</p>
              <p className={classes.source}>
                <Icon name="file" size={14} />
                {t('landing.pictureSource')}
              </p>
            </div>
            <span className={classes.ticks}>
              <Icon name="checks" size={16} />
            </span>
          </div>
        </figure>
      </main>
    </div>
  )
}
