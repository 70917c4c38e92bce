import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type NamedItem, type Result, type Run, resultsQuery, type Verdict } from '../../api/evaluations.ts'
import { Check } from '../../ui/Check.tsx'
import { Facts } from '../../ui/Facts.tsx'
import { State } from '../../ui/State.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { Loaded, More } from '../shell/Loaded.tsx'
import classes from './Evaluations.module.css'

const tones = {
  waiting: 'plain',
  right: 'ok',
  not_found: 'bad',
  refused: 'warn',
  other_source: 'bad',
  answered: 'bad',
} as const satisfies Record<Verdict, string>

export function VerdictTag({ verdict }: { verdict: Verdict }) {
  const { t } = useTranslation()
  return (
    <Tag
      tone={tones[verdict]}
      icon={verdict === 'right' ? 'check' : verdict === 'waiting' ? 'clock' : 'alert'}
    >
      {t(`evaluations.verdict.${verdict}`)}
    </Tag>
  )
}

/** What came of each question, those that failed first. */
export function Results({ slug, set, run }: { slug: string; set: string; run: Run }) {
  const { t } = useTranslation()
  const [failedOnly, setFailedOnly] = useState(false)
  const results = useInfiniteQuery(resultsQuery(slug, set, run, failedOnly))
  return (
    <>
      <Check label={t('evaluations.failedOnly')} checked={failedOnly} onChange={setFailedOnly} />
      <Loaded query={results}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.results)
          return rows.length === 0 ? (
            <State icon="check" title={t('evaluations.noneFailed')} />
          ) : (
            <ol className={classes.results} aria-label={t('evaluations.results')}>
              {rows.map((result) => (
                <li key={result.no} className={classes.result}>
                  <One result={result} />
                </li>
              ))}
            </ol>
          )
        }}
      </Loaded>
      <More query={results} />
    </>
  )
}

function One({ result }: { result: Result }) {
  const { t, i18n } = useTranslation()
  const share = new Intl.NumberFormat(i18n.language, { style: 'percent' })
  return (
    <>
      <div className={classes.head}>
        <bdi className={classes.question}>{result.text}</bdi>
        <VerdictTag verdict={result.verdict} />
      </div>
      <Facts
        facts={[
          [t('evaluations.expected'), <Items key="expected" items={result.expected} />],
          [
            t('evaluations.rank'),
            result.expected.length === 0 || result.verdict === 'waiting'
              ? undefined
              : result.rank || t('evaluations.notAmongTen'),
          ],
          [
            t('evaluations.confidence'),
            result.verdict === 'waiting' ? undefined : share.format(result.confidence),
          ],
        ]}
      />
      {result.verdict !== 'waiting' && (
        <details className={classes.more}>
          <summary>{t('evaluations.why')}</summary>
          {result.reason && (
            <p className={classes.quiet} dir="auto">
              {result.reason}
            </p>
          )}
          <p className={classes.quiet}>{t('evaluations.found')}</p>
          {result.found.length === 0 ? (
            <p>{t('evaluations.nothing')}</p>
          ) : (
            <ol>
              {result.found.map((item) => (
                <li key={item.id}>
                  <bdi>{item.title ?? t('evaluations.gone')}</bdi>
                </li>
              ))}
            </ol>
          )}
        </details>
      )}
    </>
  )
}

/** The items that a question expects, in a line. */
function Items({ items }: { items: readonly NamedItem[] }) {
  const { t } = useTranslation()
  if (items.length === 0) return t('evaluations.noAnswer')
  return items.map((item, place) => (
    <span key={item.id}>
      {place > 0 && ' · '}
      <bdi>{item.title ?? t('evaluations.gone')}</bdi>
    </span>
  ))
}
