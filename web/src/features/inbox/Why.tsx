import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Message } from '../../api/conversations.ts'
import { Bar } from '../../ui/Bar.tsx'
import { HeadingPath } from '../../ui/HeadingPath.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { placeName, sourceName } from '../knowledge/source.ts'
import classes from './Why.module.css'

/** Why the assistant said a thing: what it decided, how sure it was, and the passages it stands on. */
export function Why({ slug, message }: { slug: string; message: Message }) {
  const { t, i18n } = useTranslation()
  const decision = message.decision
  if (!decision) return <p>{t('why.none')}</p>
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent' })
  return (
    <div className={classes.why}>
      <blockquote className={classes.said} dir="auto">
        {message.text}
      </blockquote>
      {decision.action && (
        <Tag
          tone={decision.action === 'answer' ? 'ok' : 'plain'}
          icon={decision.action === 'answer' ? 'check' : 'unknown'}
        >
          {t(`why.${decision.action}`)}
        </Tag>
      )}
      <dl className={classes.facts}>
        {decision.confidence !== undefined && (
          <div className={classes.fact}>
            <dt>{t('why.confidence')}</dt>
            <dd className={classes.figure}>
              <Bar meter label={t('why.confidence')} value={decision.confidence} />
              {percent.format(decision.confidence)}
            </dd>
          </div>
        )}
        {decision.model && (
          <div className={classes.fact}>
            <dt>{t('why.writtenBy')}</dt>
            <dd>{decision.model === 'offline' ? t('why.offline') : decision.model}</dd>
          </div>
        )}
        {decision.reason && (
          <div className={classes.fact}>
            <dt>{t('why.reason')}</dt>
            <dd dir="auto">{decision.reason}</dd>
          </div>
        )}
      </dl>
      <section>
        <h3 className={classes.title}>{t('why.passages')}</h3>
        {decision.evidence.length === 0 && <p className={classes.none}>{t('why.noPassages')}</p>}
        <ol className={classes.passages}>
          {decision.evidence.map((one) => (
            <li key={one.passageId + one.quote} className={classes.passage}>
              <p className={classes.source}>
                <bdi className={classes.item}>{one.title}</bdi>
                <Tag>{sourceName(t, one.source)}</Tag>
              </p>
              <HeadingPath path={one.path} />
              {one.place && <p className={classes.none}>{placeName(t, one.place)}</p>}
              <blockquote className={classes.quote} dir="auto">
                {one.quote}
              </blockquote>
              <p className={classes.links}>
                {one.source !== 'memory' && (
                  <Link to="/$slug/brain" params={{ slug }} search={{ item: one.itemId }}>
                    {t('why.openItem')}
                  </Link>
                )}
                {one.url && (
                  <a href={one.url} target="_blank" rel="noopener noreferrer">
                    {t('brain.source')}
                  </a>
                )}
                <span className={classes.score}>
                  {t('why.score')} {percent.format(one.score)}
                </span>
              </p>
            </li>
          ))}
        </ol>
      </section>
    </div>
  )
}
