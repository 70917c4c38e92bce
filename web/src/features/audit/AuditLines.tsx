import { useTranslation } from 'react-i18next'
import type { AuditLine } from '../../api/audit.ts'
import { actorName } from '../../lib/actor.ts'
import { dateTime } from '../../lib/time.ts'
import { Tag, type Tone } from '../../ui/Tag.tsx'
import classes from './AuditLines.module.css'

const tones: Record<AuditLine['outcome'], Tone> = { done: 'plain', denied: 'warn', failed: 'bad' }

/** The lines of a log, each with what it holds on demand. */
export function AuditLines({
  lines,
  people,
}: {
  lines: readonly AuditLine[]
  /** E-mail addresses by the id that the log knows people by. */
  people: ReadonlyMap<string, string>
}) {
  const { t, i18n } = useTranslation()
  const nameOf = (actor: string) => actorName(actor, people)
  return (
    <ol className={classes.lines} aria-label={t('audit.title')}>
      {lines.map((line) => (
        <li key={line.id} className={classes.line}>
          <details>
            <summary className={classes.summary}>
              <code dir="ltr" className={classes.action}>
                {line.action}
              </code>
              {line.outcome !== 'done' && (
                <Tag tone={tones[line.outcome]}>{t(`audit.outcome.${line.outcome}`)}</Tag>
              )}
              <bdi className={classes.actor} title={line.actor}>
                {nameOf(line.actor)}
              </bdi>
              <time className={classes.at} dateTime={line.at.toISOString()}>
                {dateTime(line.at, i18n.language)}
              </time>
            </summary>
            <dl className={classes.detail}>
              {line.impersonator && <Pair name={t('audit.impersonator')} value={nameOf(line.impersonator)} />}
              <Pair name={t('audit.object')} value={line.object} />
              <Pair name={t('audit.actorId')} value={line.actor} />
              {line.detail.map(([name, value]) => (
                <Pair key={name} name={name} value={value} />
              ))}
              {line.requestId && <Pair name={t('state.requestId')} value={line.requestId} />}
            </dl>
          </details>
        </li>
      ))}
    </ol>
  )
}

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <div className={classes.pair}>
      <dt>
        <bdi>{name}</bdi>
      </dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  )
}
