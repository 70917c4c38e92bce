import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type Change, comparisonQuery, type Run } from '../../api/evaluations.ts'
import { Loaded } from '../shell/Loaded.tsx'
import classes from './Evaluations.module.css'
import { Figures } from './Figures.tsx'
import { VerdictTag } from './Results.tsx'

/** What changed since another run: the totals, then the questions that got worse, then those that got better. */
export function Compared({
  slug,
  set,
  run,
  before,
}: {
  slug: string
  set: string
  run: Run
  before: string
}) {
  const { t } = useTranslation()
  const found = useQuery(comparisonQuery(slug, set, run.id, before))
  return (
    <Loaded query={found}>
      {({ difference, better, worse, same, others }) => (
        <>
          {run.totals && <Figures totals={run.totals} difference={difference} />}
          <Changes title={t('evaluations.worse', { n: worse.length })} changes={worse} />
          <Changes title={t('evaluations.better', { n: better.length })} changes={better} />
          <p className={classes.quiet}>
            {t('evaluations.same', { n: same })}
            {others > 0 && ` · ${t('evaluations.others', { n: others })}`}
          </p>
        </>
      )}
    </Loaded>
  )
}

function Changes({ title, changes }: { title: string; changes: readonly Change[] }) {
  const { t } = useTranslation()
  const place = (rank: number) => (rank > 0 ? t('evaluations.place', { rank }) : t('evaluations.notAmongTen'))
  return (
    <section className={classes.bar}>
      <h3>{title}</h3>
      {changes.length > 0 && (
        <ul className={classes.results}>
          {changes.map(({ before, after }) => (
            <li key={after.no} className={classes.result}>
              <bdi className={classes.question}>{after.text}</bdi>
              {[
                { when: t('evaluations.before'), result: before },
                { when: t('evaluations.after'), result: after },
              ].map(({ when, result }) => (
                <div key={when} className={classes.actions}>
                  <span className={classes.quiet}>{when}</span>
                  <VerdictTag verdict={result.verdict} />
                  {result.expected.length > 0 && <span className={classes.quiet}>{place(result.rank)}</span>}
                </div>
              ))}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
