import { NativeSelect, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { type Worker, type WorkerRule, workers } from '../../api/channels.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { IconButton } from '../../ui/IconButton.tsx'
import classes from './Channels.module.css'

/** A rule while it is written: its words as they are typed. */
export type RuleDraft = { key: number; words: string; worker: Worker }

let keys = 0
const draftOf = ({ words, worker }: WorkerRule): RuleDraft => ({
  key: ++keys,
  words: words.join(', '),
  worker,
})
export const ruleDrafts = (rules: readonly WorkerRule[]): RuleDraft[] => rules.map(draftOf)

/** What was typed as rules; words stand between commas, in any script. */
export const rulesOf = (drafts: readonly RuleDraft[]): WorkerRule[] =>
  drafts.map(({ words, worker }) => ({
    words: words
      .split(/[,،、，]/)
      .map((word) => word.trim())
      .filter(Boolean),
    worker,
  }))

const most = 20

/** Which messages somebody else answers, by their words; the first rule that fits decides. */
export function WorkerRules({
  value,
  onChange,
  error,
}: {
  value: readonly RuleDraft[]
  onChange: (rules: RuleDraft[]) => void
  error: string | undefined
}) {
  const { t } = useTranslation()
  const put = (key: number, change: Partial<RuleDraft>) =>
    onChange(value.map((rule) => (rule.key === key ? { ...rule, ...change } : rule)))
  return (
    <details className={classes.fold} open={value.length > 0 || undefined}>
      <summary>{t('channels.rules')}</summary>
      <div className={form.form}>
        <p className={classes.more}>{t('channels.rulesMore')}</p>
        <ol className={classes.rules}>
          {value.map(({ key, words, worker }, index) => (
            <li key={key} className={classes.rule}>
              <TextInput
                label={t('channels.ruleWords', { number: index + 1 })}
                dir="auto"
                required
                withAsterisk={false}
                value={words}
                onChange={(event) => put(key, { words: event.currentTarget.value })}
              />
              <NativeSelect
                label={t('channels.whoAnswers')}
                value={worker}
                onChange={(event) => put(key, { worker: event.currentTarget.value as Worker })}
                data={workers.map((one) => ({ value: one, label: t(`channels.worker.${one}`) }))}
              />
              <IconButton
                icon="trash"
                label={t('channels.removeRule', { number: index + 1 })}
                onClick={() => onChange(value.filter((rule) => rule.key !== key))}
              />
            </li>
          ))}
        </ol>
        {error && <p role="alert">{error}</p>}
        {value.length < most && (
          <Button icon="plus" onClick={() => onChange([...value, draftOf({ words: [], worker: 'n8n' })])}>
            {t('channels.addRule')}
          </Button>
        )}
      </div>
    </details>
  )
}
