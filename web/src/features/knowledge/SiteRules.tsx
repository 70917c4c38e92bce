import { NativeSelect, NumberInput, Textarea } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { type Every, type Rules, rhythms, type Scope, scopes } from '../../api/sites.ts'
import classes from './Sites.module.css'

export const firstRules: Rules = {
  ...{ scope: 'page', every: 'never', depth: 5, maxPages: 500 },
  ...{ include: [], exclude: [] },
}

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Which pages of a web site are wanted, and how often it is looked at again. */
export function SiteRules({ rules, onChange }: { rules: Rules; onChange: (rules: Rules) => void }) {
  const { t } = useTranslation()
  const set = (part: Partial<Rules>) => onChange({ ...rules, ...part })
  return (
    <>
      <NativeSelect
        label={t('sites.scopeLabel')}
        description={t(`sites.scopeMore.${rules.scope}`)}
        value={rules.scope}
        onChange={(event) => set({ scope: event.currentTarget.value as Scope })}
        data={scopes.map((value) => ({ value, label: t(`sites.scope.${value}`) }))}
      />
      <NativeSelect
        label={t('sites.everyLabel')}
        value={rules.every}
        onChange={(event) => set({ every: event.currentTarget.value as Every })}
        data={rhythms.map((value) => ({ value, label: t(`sites.every.${value}`) }))}
      />
      {rules.scope !== 'page' && (
        <details className={classes.more}>
          <summary>{t('sites.more')}</summary>
          <div className={classes.form}>
            <NumberInput
              label={t('sites.maxPages')}
              min={1}
              max={5000}
              allowDecimal={false}
              value={rules.maxPages}
              onChange={(value) => typeof value === 'number' && set({ maxPages: value })}
            />
            <NumberInput
              label={t('sites.depth')}
              description={t('sites.depthMore')}
              min={1}
              max={10}
              allowDecimal={false}
              value={rules.depth}
              onChange={(value) => typeof value === 'number' && set({ depth: value })}
            />
            <Textarea
              label={t('sites.include')}
              description={t('sites.patterns')}
              dir="ltr"
              rows={2}
              defaultValue={rules.include.join('\n')}
              onChange={(event) => set({ include: lines(event.currentTarget.value) })}
            />
            <Textarea
              label={t('sites.exclude')}
              description={t('sites.excludeMore')}
              dir="ltr"
              rows={2}
              defaultValue={rules.exclude.join('\n')}
              onChange={(event) => set({ exclude: lines(event.currentTarget.value) })}
            />
          </div>
        </details>
      )}
    </>
  )
}
