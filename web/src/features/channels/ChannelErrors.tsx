import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { channelErrorsQuery } from '../../api/channels.ts'
import { Panel } from '../../ui/Panel.tsx'
import { When } from '../../ui/When.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import classes from './Channels.module.css'
import { knownReason } from './words.ts'

/** What the provider sent and could not be used: why, in words, and the very bytes on demand. */
export function ChannelErrors({ slug, id }: { slug: string; id: string }) {
  const { t } = useTranslation()
  const errors = useQuery(channelErrorsQuery(slug, id))
  return (
    <Panel title={t('channels.errors')} text={t('channels.errorsMore')}>
      <Loaded query={errors} rows={2}>
        {(rows) =>
          rows.length === 0 ? (
            <p>{t('channels.noErrors')}</p>
          ) : (
            <ul className={classes.errors} aria-label={t('channels.errors')}>
              {rows.map((row) => {
                const reason = knownReason(row.reason)
                return (
                  <li key={row.at.toISOString() + row.reason} className={classes.error}>
                    <div className={classes.errorHead}>
                      <span>
                        {reason ? t(`channels.reason.${reason}`) : <code dir="ltr">{row.reason}</code>}
                      </span>
                      <span className={classes.when}>
                        <When at={row.at} />
                      </span>
                    </div>
                    <details className={classes.fold}>
                      <summary>{t('channels.raw')}</summary>
                      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
                      <pre className={classes.raw} dir="ltr" tabIndex={0}>
                        {row.body}
                      </pre>
                    </details>
                  </li>
                )
              })}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}
