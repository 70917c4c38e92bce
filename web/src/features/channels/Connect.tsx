import { NativeSelect } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  type Channel,
  channelKeys,
  channelsQuery,
  connectChannel,
  type Setup,
  type ShownSecret,
  type Worker,
  workers,
} from '../../api/channels.ts'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { AtProvider } from './AtProvider.tsx'
import classes from './Channels.module.css'
import { Fields, fieldNames } from './Fields.tsx'
import { changes, emptyValues } from './fields.ts'
import { TestCredentials } from './TestCredentials.tsx'
import { Waiting } from './Waiting.tsx'
import { providerNames } from './words.ts'

type Connected = { channel: Channel; secret: ShownSecret }

/** The way of a number into the house: the provider, what it needs, what to enter there, and the first message. */
export function Connect({ slug, onDone }: { slug: string; onDone: (channel: Channel) => void }) {
  const { t } = useTranslation()
  const channels = useQuery(channelsQuery(slug))
  const [chosen, setChosen] = useState<Setup>()
  const [connected, setConnected] = useState<Connected>()
  const step = connected ? 3 : chosen ? 2 : 1
  return (
    <>
      <p className={classes.progress}>{t('channels.progress', { step, of: 3 })}</p>
      {connected ? (
        <Entered slug={slug} connected={connected} onDone={onDone} />
      ) : chosen ? (
        <Needs slug={slug} setup={chosen} onBack={() => setChosen(undefined)} onConnected={setConnected} />
      ) : (
        <Loaded query={channels} rows={3}>
          {({ setups }) => (
            <div className={classes.choices}>
              <p>{t('channels.choose')}</p>
              {setups.map((setup) => (
                <button
                  key={setup.provider}
                  type="button"
                  className={classes.choice}
                  onClick={() => setChosen(setup)}
                >
                  <strong>{providerNames[setup.provider]}</strong>
                  <span className={classes.more}>{t(`channels.provider.${setup.provider}`)}</span>
                </button>
              ))}
            </div>
          )}
        </Loaded>
      )}
    </>
  )
}

function Needs({
  slug,
  setup,
  onBack,
  onConnected,
}: {
  slug: string
  setup: Setup
  onBack: () => void
  onConnected: (connected: Connected) => void
}) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [values, setValues] = useState(emptyValues)
  const [worker, setWorker] = useState<Worker>('assistant')
  const connecting = useMutation({
    mutationFn: () => connectChannel(slug, setup.provider, { ...changes(emptyValues, values), worker }),
    onSuccess: (connected) => {
      void queries.invalidateQueries({ queryKey: channelKeys.all(slug) })
      onConnected(connected)
    },
  })
  const errors = fieldErrors(connecting.error && asProblem(connecting.error), fieldNames)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    connecting.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <Fields
        provider={setup.provider}
        needs={setup.needs}
        values={values}
        onChange={setValues}
        errors={errors}
      />
      <WorkerChoice value={worker} onChange={setWorker} />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={connecting.isPending}>
          {t('channels.save')}
        </Button>
        <Button onClick={onBack}>{t('state.back')}</Button>
      </div>
    </form>
  )
}

/** Who answers on a number. */
export function WorkerChoice({ value, onChange }: { value: Worker; onChange: (worker: Worker) => void }) {
  const { t } = useTranslation()
  return (
    <NativeSelect
      label={t('channels.whoAnswers')}
      description={t('channels.whoAnswersMore')}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value as Worker)}
      data={workers.map((worker) => ({ value: worker, label: t(`channels.worker.${worker}`) }))}
    />
  )
}

function Entered({
  slug,
  connected: { channel: made, secret },
  onDone,
}: {
  slug: string
  connected: Connected
  onDone: (channel: Channel) => void
}) {
  const { t } = useTranslation()
  // As it is now: the first message changes it.
  const channels = useQuery(channelsQuery(slug))
  const channel = channels.data?.channels.find((one) => one.id === made.id) ?? made
  return (
    <div className={form.stack}>
      <p>{t('channels.saved')}</p>
      <AtProvider channel={channel} secret={secret} />
      <Waiting channel={channel} />
      <TestCredentials slug={slug} id={channel.id} />
      <div className={form.actions}>
        <Button look="primary" onClick={() => onDone(channel)}>
          {t('channels.done')}
        </Button>
      </div>
    </div>
  )
}
