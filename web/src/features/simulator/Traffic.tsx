import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type Exchange, trafficQuery } from '../../api/simulator.ts'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { ProblemState } from '../shell/ProblemState.tsx'
import classes from './Traffic.module.css'

/** What went over the wire, as it was. */
export function Traffic({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const traffic = useQuery(trafficQuery(slug))
  if (traffic.isPending) return <Skeleton label={t('state.loading')} />
  if (traffic.isError) return <ProblemState error={traffic.error} onRetry={() => traffic.refetch()} />
  return (
    <div className={classes.traffic}>
      <p className={classes.more}>{t('simulator.trafficMore')}</p>
      {traffic.data.length === 0 && <p>{t('simulator.noTraffic')}</p>}
      <ol className={classes.list}>
        {traffic.data.map((exchange) => (
          <li key={exchange.id}>
            <Row exchange={exchange} />
          </li>
        ))}
      </ol>
    </div>
  )
}

function Row({ exchange }: { exchange: Exchange }) {
  const { t, i18n } = useTranslation()
  const good = exchange.status >= 200 && exchange.status < 300
  return (
    <details className={classes.exchange}>
      <summary className={classes.summary}>
        <span className={classes.line}>
          <span className={classes.direction}>
            {exchange.toPlatform ? t('simulator.toPlatform') : t('simulator.toProvider')}
          </span>
          <Tag tone={good ? 'ok' : 'bad'}>{exchange.status || '—'}</Tag>
          <time dateTime={exchange.at.toISOString()}>{exchange.at.toLocaleTimeString(i18n.language)}</time>
          <span dir="ltr">{Math.round(exchange.milliseconds)} ms</span>
        </span>
        <code dir="ltr" className={classes.request}>
          {exchange.request}
        </code>
      </summary>
      {exchange.error && <p className={classes.error}>{exchange.error}</p>}
      {[exchange.requestBody, exchange.responseBody].map(
        (body, index) =>
          body && (
            // biome-ignore lint/suspicious/noArrayIndexKey: always the request, then the answer
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
            <pre key={index} dir="ltr" className={classes.body} tabIndex={0}>
              {body}
            </pre>
          ),
      )}
    </details>
  )
}
