import { NativeSelect, TextInput } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  type Channel,
  type ChannelDraft,
  changeChannel,
  channelKeys,
  type Fallback,
  type Limits,
  type Mode,
  modes,
  type Setup,
  type WorkerWaits,
} from '../../api/channels.ts'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import { templatesQuery } from '../../api/templates.ts'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Channels.module.css'
import { WorkerChoice } from './Connect.tsx'
import { Fields, fieldNames } from './Fields.tsx'
import { changes, valuesOf } from './fields.ts'
import { SecretState } from './SecretState.tsx'
import { ruleDrafts, rulesOf, WorkerRules } from './WorkerRules.tsx'

const names = [...fieldNames, 'limits', 'worker', 'worker_rules', 'mode', 'fallback_template'] as const

/** What a number is called, how the provider is reached, who answers, and how fast it may send. */
export function ChannelSettings({ slug, channel, setup }: { slug: string; channel: Channel; setup: Setup }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const before = valuesOf(channel)
  const [values, setValues] = useState(before)
  const [worker, setWorker] = useState(channel.worker)
  const [rules, setRules] = useState(() => ruleDrafts(channel.workerRules))
  const [waits, setWaits] = useState(channel.workerWaits)
  const [mode, setMode] = useState(channel.mode)
  const [limits, setLimits] = useState(channel.limits)
  const [fallback, setFallback] = useState(channel.fallback)
  const draft: ChannelDraft = {
    ...changes(before, values),
    ...(worker === channel.worker ? {} : { worker }),
    ...(JSON.stringify(rulesOf(rules)) === JSON.stringify(channel.workerRules)
      ? {}
      : { workerRules: rulesOf(rules) }),
    ...(mode === channel.mode ? {} : { mode }),
    ...(JSON.stringify(waits) === JSON.stringify(channel.workerWaits) ? {} : { workerWaits: waits }),
    ...(JSON.stringify(limits) === JSON.stringify(channel.limits) ? {} : { limits }),
    ...(keyOf(fallback) === keyOf(channel.fallback) ? {} : { fallback: fallback ?? null }),
  }
  const saving = useMutation({
    mutationFn: () => changeChannel(slug, channel.id, draft),
    onSuccess: async (saved) => {
      await queries.invalidateQueries({ queryKey: channelKeys.all(slug) })
      setValues(valuesOf(saved)) // what was typed as a secret is gone from the page
    },
  })
  const errors = fieldErrors(saving.error && asProblem(saving.error), names)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  const limit = (name: keyof Limits, step: number, min: number, max: number) => (
    <NumberField
      label={t(`channels.limit.${name}`)}
      {...{ step, min, max }}
      value={limits[name]}
      onChange={(value) => setLimits({ ...limits, [name]: value })}
    />
  )
  const wait = (name: keyof WorkerWaits, min: number) => (
    <NumberField
      label={t(`channels.wait.${name}`)}
      {...{ step: 1, min, max: 3600 }}
      value={waits[name]}
      onChange={(value) => setWaits({ ...waits, [name]: value })}
    />
  )
  return (
    <Panel title={t('channels.settings')}>
      <form className={form.form} onSubmit={submit}>
        <Facts
          facts={[
            [t('channels.credentials'), <SecretState key="secret" fingerprint={channel.credentials} />],
          ]}
        />
        <Fields
          provider={channel.provider}
          needs={setup.needs}
          values={values}
          onChange={setValues}
          errors={errors}
          kept={channel.credentials !== undefined}
        />
        <WorkerChoice value={worker} onChange={setWorker} />
        <WorkerRules value={rules} onChange={setRules} error={errors.of('worker_rules')} />
        {[worker, ...rules.map((rule) => rule.worker)].some((one) => one !== 'assistant') && (
          <details className={classes.fold}>
            <summary>{t('channels.waits')}</summary>
            <div className={form.form}>
              {wait('both', 0)}
              {wait('outside', 1)}
            </div>
          </details>
        )}
        <NativeSelect
          label={t('channels.mode.label')}
          description={t('channels.mode.more')}
          error={errors.of('mode')}
          value={mode}
          onChange={(event) => setMode(event.currentTarget.value as Mode)}
          data={modes.map((one) => ({ value: one, label: t(`channels.mode.${one}`) }))}
        />
        <FallbackChoice
          slug={slug}
          channel={channel}
          value={fallback}
          onChange={setFallback}
          error={errors.of('fallback_template')}
        />
        <details className={classes.fold}>
          <summary>{t('channels.limits')}</summary>
          <div className={form.form}>
            <p className={classes.more}>{t('channels.limitsMore')}</p>
            {limit('perSecond', 0.01, 0.01, 10_000)}
            {limit('pairSeconds', 0.1, 0, 3600)}
            {limit('pairBurst', 1, 1, 10_000)}
            {errors.of('limits') && <p role="alert">{errors.of('limits')}</p>}
          </div>
        </details>
        {errors.rest && <ProblemLine error={errors.rest} />}
        <div className={form.actions}>
          <Button look="primary" submit busy={saving.isPending} disabled={Object.keys(draft).length === 0}>
            {t('form.save')}
          </Button>
          <span role="status" className={form.said}>
            {saving.isSuccess && Object.keys(draft).length === 0 && t('form.saved')}
          </span>
        </div>
      </form>
    </Panel>
  )
}

/** A number that is being typed; NaN while there is none. */
function NumberField({
  value,
  onChange,
  ...rest
}: {
  label: string
  min: number
  max: number
  step: number
  value: number
  onChange: (value: number) => void
}) {
  return (
    <TextInput
      type="number"
      inputMode="decimal"
      required
      withAsterisk={false}
      value={Number.isFinite(value) ? value : ''}
      onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
      {...rest}
    />
  )
}

const keyOf = (template: Fallback | undefined): string =>
  template ? `${template.name} ${template.language}` : ''

/** Which template goes in the place of an answer outside the 24 hours: one that WhatsApp has approved and that takes no values. */
function FallbackChoice({
  slug,
  channel,
  value,
  onChange,
  error,
}: {
  slug: string
  channel: Channel
  value: Fallback | undefined
  onChange: (template: Fallback | undefined) => void
  error: string | undefined
}) {
  const { t } = useTranslation()
  const known = useInfiniteQuery(templatesQuery(slug, { channel: channel.id, status: 'approved' }))
  const found = (known.data?.pages ?? [])
    .flatMap((page) => page.templates)
    .filter((one) => one.sendable && !one.body.includes('{{'))
    .map(({ name, language }): Fallback => ({ name, language }))
  const choices = [
    ...found,
    ...(channel.fallback && !found.some((one) => keyOf(one) === keyOf(channel.fallback))
      ? [channel.fallback]
      : []),
  ]
  return (
    <NativeSelect
      label={t('channels.fallback')}
      description={t('channels.fallbackMore')}
      error={error}
      value={keyOf(value)}
      onChange={(event) => onChange(choices.find((one) => keyOf(one) === event.currentTarget.value))}
      data={[
        { value: '', label: t('channels.noFallback') },
        ...choices.map((one) => ({ value: keyOf(one), label: `${one.name} (${one.language})` })),
      ]}
    />
  )
}
