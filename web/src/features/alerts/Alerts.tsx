import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Alert, alertKeys, alertsQuery, openAlertsQuery, resolveAlert } from '../../api/alerts.ts'
import { channelsQuery } from '../../api/channels.ts'
import { Button } from '../../ui/Button.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { titleOf } from '../channels/words.ts'
import { Loaded, More } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Alerts.module.css'
import { channelOf, knownKind, severityLooks } from './words.ts'

/** What somebody should see to, and on demand what there was before. */
export function Alerts({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const [earlier, setEarlier] = useState(false)
  return (
    <Panel
      title={t('alerts.title')}
      text={t('alerts.lead')}
      action={
        <Button look="plain" aria-pressed={earlier} onClick={() => setEarlier(!earlier)}>
          {t('alerts.earlier')}
        </Button>
      }
    >
      {earlier ? <Every slug={slug} /> : <Open slug={slug} />}
    </Panel>
  )
}

function Open({ slug }: { slug: string }) {
  const query = useQuery(openAlertsQuery(slug))
  return (
    <Loaded query={query} rows={1}>
      {(alerts) => <List slug={slug} alerts={alerts} />}
    </Loaded>
  )
}

function Every({ slug }: { slug: string }) {
  const query = useInfiniteQuery(alertsQuery(slug))
  return (
    <Loaded query={query} rows={2}>
      {({ pages }) => (
        <>
          <List slug={slug} alerts={pages.flatMap(({ alerts }) => alerts)} />
          <More query={query} />
        </>
      )}
    </Loaded>
  )
}

function List({ slug, alerts }: { slug: string; alerts: readonly Alert[] }) {
  const { t } = useTranslation()
  if (alerts.length === 0) return <p>{t('alerts.none')}</p>
  return (
    <ul className={classes.list} aria-label={t('alerts.title')}>
      {alerts.map((alert) => (
        <li key={alert.id} className={classes.alert}>
          <Row slug={slug} alert={alert} />
        </li>
      ))}
    </ul>
  )
}

function Row({ slug, alert }: { slug: string; alert: Alert }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const { data } = useQuery(channelsQuery(slug))
  const number = data?.channels.find(({ id }) => id === channelOf(alert))
  const resolving = useMutation({
    mutationFn: () => resolveAlert(slug, alert.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: alertKeys.all(slug) }),
  })
  const { tone, icon } = severityLooks[alert.severity]
  return (
    <>
      <div className={classes.head}>
        <Tag tone={tone} icon={icon}>
          {t(`alerts.severity.${alert.severity}`)}
        </Tag>
        <strong>{t(`alerts.kind.${knownKind(alert.kind)}`)}</strong>
        {number && <bdi>{titleOf(number)}</bdi>}
        <span className={classes.when}>
          <When at={alert.raisedAt} />
        </span>
      </div>
      <p dir="auto">{alert.detail}</p>
      {alert.resolvedAt ? (
        <span className={classes.over}>
          {t('alerts.over')} <When at={alert.resolvedAt} />
        </span>
      ) : (
        <div>
          <Button icon="check" busy={resolving.isPending} onClick={() => resolving.mutate()}>
            {t('alerts.resolve')}
          </Button>
        </div>
      )}
      {resolving.error && <ProblemLine error={resolving.error} />}
    </>
  )
}
