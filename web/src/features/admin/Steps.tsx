import { useTranslation } from 'react-i18next'
import type { Step } from '../../api/life.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import classes from './Steps.module.css'

const icons: Record<Step['state'], IconName> = {
  pending: 'clock',
  running: 'refresh',
  done: 'check',
  failed: 'alert',
}
const known = [
  'hot_rows',
  'cold_database',
  'owner_invitation',
  'background_jobs',
  'files',
  'proof',
  'n8n',
  'welcome',
] as const
const isKnown = (name: string): name is (typeof known)[number] => (known as readonly string[]).includes(name)

/** How far the making or the erasure of a tenant is, step by step. */
export function Steps({ steps, label }: { steps: readonly Step[]; label: string }) {
  const { t } = useTranslation()
  const finished = steps.filter((step) => step.state === 'done').length
  const failed = steps.some((step) => step.state === 'failed')
  return (
    <div className={classes.steps}>
      <Bar
        label={label}
        value={steps.length > 0 ? finished / steps.length : undefined}
        tone={failed ? 'bad' : finished === steps.length ? 'ok' : 'accent'}
      />
      <ol className={classes.list}>
        {steps.map((step) => (
          <li key={step.name} className={classes.step} data-state={step.state}>
            <Icon name={icons[step.state]} size={16} />
            <span className={classes.name}>{isKnown(step.name) ? t(`step.${step.name}`) : step.name}</span>
            <span className={classes.state}>{t(`step.state.${step.state}`)}</span>
            {step.problem && (
              <span className={classes.problem} dir="auto">
                {step.problem}
              </span>
            )}
          </li>
        ))}
      </ol>
    </div>
  )
}
