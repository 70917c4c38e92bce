import { useTranslation } from 'react-i18next'
import type { Totals } from '../../api/evaluations.ts'
import classes from './Evaluations.module.css'

// Which way is better. Refused rightly and answered rightly have a counterpart that says the rest.
const figures = [
  { name: 'right', better: 1 },
  { name: 'answered_right', better: 1 },
  { name: 'answered_elsewhere', better: -1 },
  { name: 'refused_wrongly', better: -1 },
  { name: 'refused_right', better: 1 },
  { name: 'answered_wrongly', better: -1 },
  { name: 'hit_at_1', better: 1, share: true },
  { name: 'hit_at_5', better: 1, share: true },
  { name: 'ndcg_at_10', better: 1, share: true },
  { name: 'mrr_at_10', better: 1, share: true },
] as const satisfies readonly { name: keyof Totals; better: 1 | -1; share?: true }[]

/** What a run comes to; beside it, how far that is from another. Retrieval has no figures without a question to find. */
export function Figures({ totals, difference }: { totals: Totals; difference?: Totals }) {
  const { t, i18n } = useTranslation()
  const count = new Intl.NumberFormat(i18n.language)
  const share = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 1 })
  return (
    <dl className={classes.figures}>
      {figures.map((figure) => {
        const form = 'share' in figure ? share : count
        const change = difference?.[figure.name] ?? 0
        const none = 'share' in figure && totals.answerable === 0
        return (
          <div key={figure.name} className={classes.figure}>
            <dt>{t(`evaluations.figure.${figure.name}`)}</dt>
            {change !== 0 && (
              <dd className={classes.change} data-tone={change * figure.better > 0 ? 'ok' : 'bad'} dir="ltr">
                {change > 0 ? '+' : '−'}
                {form.format(Math.abs(change))}
              </dd>
            )}
            <dd>{none ? '–' : form.format(totals[figure.name])}</dd>
          </div>
        )
      })}
    </dl>
  )
}
