import { useTranslation } from 'react-i18next'
import type { Run } from '../../api/evaluations.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Tag } from '../../ui/Tag.tsx'
import classes from './Evaluations.module.css'

const tones = { running: 'accent', finished: 'ok', cancelled: 'plain', failed: 'bad' } as const
const icons = { running: 'clock', finished: 'check', cancelled: 'close', failed: 'alert' } as const

/** How far a run is, or how much of it was right. */
export function RunState({ run }: { run: Run }) {
  const { t } = useTranslation()
  const { status, done, total: all, totals } = run
  return (
    <span className={classes.actions}>
      <Tag tone={tones[status]} icon={icons[status]}>
        {t(`evaluations.status.${status}`)}
      </Tag>
      <span>
        {totals
          ? t('evaluations.rightOf', { right: totals.right, all: totals.questions })
          : t('evaluations.askedOf', { done, all })}
      </span>
    </span>
  )
}

/** The bar of a run that goes on. */
export function RunBar({ run }: { run: Run }) {
  const { t } = useTranslation()
  return (
    <Bar
      label={t('evaluations.askedOf', { done: run.done, all: run.total })}
      value={run.total > 0 ? run.done / run.total : undefined}
    />
  )
}
