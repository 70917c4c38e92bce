import { NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../../api/config.ts'
import { fieldErrors } from '../../api/fields.ts'
import {
  changed,
  changePolicies,
  type InboxScope,
  inboxScopes,
  type Policies,
  policiesQuery,
  policyFields,
} from '../../api/policies.ts'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import { Check } from '../../ui/Check.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { Reauthenticate } from '../shell/Reauthenticate.tsx'

/** Whose hand it is: the operator changes everything, an administrator what is the tenant's, a member reads. */
export type Rights = 'operator' | 'admin' | 'reader'
type Counted =
  | 'taskDue'
  | 'rateLimitPerMinute'
  | 'maxContextLength'
  | 'maxFileSizeMb'
  | 'messageRetentionDays'
  | 'hotTtlDays'

/** What the assistant may do here, who sees what, and how long things are kept. */
export function PolicyForm({ slug, policies, rights }: { slug: string; policies: Policies; rights: Rights }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [draft, setDraft] = useState(policies)
  const [base, setBase] = useState(policies)
  if (base !== policies) {
    // Somebody else changed them meanwhile, or we just did: what is not being edited follows.
    setDraft({ ...policies, ...changed(base, draft) })
    setBase(policies)
  }
  const change = changed(policies, draft)
  const saving = useMutation({
    mutationFn: () => changePolicies(slug, change),
    onSuccess: (saved) => queries.setQueryData(policiesQuery(slug).queryKey, saved),
  })
  const problem = saving.error ? asProblem(saving.error) : undefined
  const errors = fieldErrors(problem, Object.values(policyFields))
  const { fileTypes } = useConfig()
  const set = (part: Partial<Policies>) => setDraft((old) => ({ ...old, ...part }))
  const own = rights !== 'reader'
  const all = rights === 'operator'

  const number = (name: Counted, limits: { min: number; max: number; editable: boolean }) => (
    <TextInput
      type="number"
      inputMode="numeric"
      label={t(`policies.${name}`)}
      description={limits.editable ? t(`policies.${name}More`) : t('policies.operator')}
      min={limits.min}
      max={limits.max}
      required
      withAsterisk={false}
      readOnly={!limits.editable}
      error={errors.of(policyFields[name])}
      value={Number.isFinite(draft[name]) ? draft[name] : ''}
      onChange={(event) => set({ [name]: event.currentTarget.valueAsNumber })}
    />
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  if (problem?.code === 'reauth_required')
    return (
      <Panel>
        <Reauthenticate onDone={() => saving.mutate()} onCancel={() => saving.reset()} />
      </Panel>
    )
  return (
    <form className={form.stack} onSubmit={submit}>
      {!own && <Notice>{t('policies.readOnly')}</Notice>}
      <Panel title={t('policies.yours')}>
        <div className={form.form}>
          <TextInput
            type="number"
            inputMode="decimal"
            label={t('policies.confidenceThreshold')}
            description={t('policies.confidenceThresholdMore')}
            min={0}
            max={1}
            step="any"
            required
            withAsterisk={false}
            readOnly={!own}
            error={errors.of('confidence_threshold')}
            value={Number.isFinite(draft.confidenceThreshold) ? draft.confidenceThreshold : ''}
            onChange={(event) => set({ confidenceThreshold: event.currentTarget.valueAsNumber })}
          />
          {number('taskDue', { min: 1, max: 10_080, editable: own })}
          <NativeSelect
            label={t('policies.inboxScope')}
            description={t('policies.inboxScopeMore')}
            disabled={!own}
            error={errors.of('inbox_scope')}
            value={draft.inboxScope}
            onChange={(event) => set({ inboxScope: event.currentTarget.value as InboxScope })}
            data={inboxScopes.map((scope) => ({ value: scope, label: t(`policies.scope.${scope}`) }))}
          />
          {number('messageRetentionDays', {
            min: 1,
            max: all ? 36_500 : policies.messageRetentionDays,
            editable: own,
          })}
          {number('hotTtlDays', { min: 1, max: all ? 36_500 : policies.hotTtlDays, editable: own })}
        </div>
      </Panel>
      <Panel title={t('policies.operators')} text={all ? undefined : t('policies.operatorsMore')}>
        <div className={form.form}>
          {number('rateLimitPerMinute', { min: 1, max: 100_000, editable: all })}
          {number('maxContextLength', { min: 200, max: 200_000, editable: all })}
          {number('maxFileSizeMb', { min: 1, max: 1024, editable: all })}
          <fieldset className={form.group} disabled={!all}>
            <legend className={form.legend}>{t('policies.allowedFileTypes')}</legend>
            {fileTypes.map(({ name: type }) => (
              <Check
                key={type}
                label={type}
                checked={draft.allowedFileTypes.includes(type)}
                onChange={(on) =>
                  set({
                    allowedFileTypes: fileTypes
                      .map((one) => one.name)
                      .filter((one) => (one === type ? on : draft.allowedFileTypes.includes(one))),
                  })
                }
              />
            ))}
            {errors.of('allowed_file_types') && <p role="alert">{errors.of('allowed_file_types')}</p>}
          </fieldset>
          <Check
            label={t('policies.catalogEnabled')}
            more={t('policies.catalogEnabledMore')}
            disabled={!all}
            checked={draft.catalogEnabled}
            onChange={(catalogEnabled) => set({ catalogEnabled })}
          />
        </div>
      </Panel>
      {errors.rest && <ProblemLine error={errors.rest} />}
      {own && (
        <div className={form.actions}>
          <Button look="primary" submit busy={saving.isPending} disabled={Object.keys(change).length === 0}>
            {t('form.save')}
          </Button>
          <span role="status" className={form.said}>
            {saving.isSuccess && Object.keys(change).length === 0 && t('form.saved')}
          </span>
        </div>
      )}
    </form>
  )
}
