import { NativeSelect } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  beginRun,
  cancelRun,
  evaluationKeys,
  type Run,
  removeSet,
  runsQuery,
  setQuery,
} from '../../api/evaluations.ts'
import { releasesQuery } from '../../api/releases.ts'
import { dateTime } from '../../lib/time.ts'
import { Button } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { State } from '../../ui/State.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { Compared } from './Compared.tsx'
import classes from './Evaluations.module.css'
import { Figures } from './Figures.tsx'
import { Results } from './Results.tsx'
import { RunBar, RunState } from './RunState.tsx'

type Props = {
  slug: string
  id: string
  /** The run that is looked at; the latest when left out. */
  run: string | undefined
  /** The run that it is compared with. */
  before: string | undefined
  onLook: (chosen: { run?: string; before?: string }) => void
  onEdit: () => void
  onGone: () => void
}

/** One set: asking it, and what came of it each time. */
export function SetView({ slug, id, run, before, onLook, onEdit, onGone }: Props) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [deleting, setDeleting] = useState(false)
  const set = useQuery(setQuery(slug, id))
  const runs = useQuery(runsQuery(slug, id))
  const refresh = () => queries.invalidateQueries({ queryKey: evaluationKeys.all(slug) })
  const begin = useMutation({
    mutationFn: (release?: string) => beginRun(slug, id, release),
    onSuccess: () => onLook({}),
    onSettled: refresh,
  })
  const cancel = useMutation({
    mutationFn: (running: Run) => cancelRun(slug, id, running.id),
    onSettled: refresh,
  })
  const staged = useQuery(releasesQuery(slug)).data?.find(({ state }) => state === 'staging')
  const running = runs.data?.find(({ status }) => status === 'running')
  return (
    <Loaded query={set}>
      {({ set: { name, count } }) => (
        <>
          <Panel title={name} text={t('evaluations.asks', { n: count })}>
            <div className={classes.actions}>
              {running ? (
                <Button icon="close" busy={cancel.isPending} onClick={() => cancel.mutate(running)}>
                  {t('evaluations.cancel')}
                </Button>
              ) : (
                <Button
                  look="primary"
                  icon="play"
                  busy={begin.isPending}
                  onClick={() => begin.mutate(undefined)}
                >
                  {t('evaluations.run')}
                </Button>
              )}
              {!running && staged && (
                <Button icon="play" busy={begin.isPending} onClick={() => begin.mutate(staged.id)}>
                  {t('evaluations.runRelease', { name: staged.name })}
                </Button>
              )}
              <Button icon="text" onClick={onEdit}>
                {t('evaluations.edit')}
              </Button>
              <Button icon="trash" danger onClick={() => setDeleting(true)}>
                {t('evaluations.delete')}
              </Button>
            </div>
            {running && <RunBar run={running} />}
            {(begin.error ?? cancel.error) && <ProblemLine error={begin.error ?? cancel.error} />}
          </Panel>
          <Loaded query={runs}>
            {(list) => <Runs slug={slug} set={id} runs={list} run={run} before={before} onLook={onLook} />}
          </Loaded>
          {deleting && (
            <Confirm
              title={t('evaluations.deleteTitle', { name })}
              act={t('evaluations.delete')}
              danger
              run={async () => {
                await removeSet(slug, id)
                onGone()
                await refresh()
              }}
              onClose={() => setDeleting(false)}
            >
              {t('evaluations.deleteMore')}
            </Confirm>
          )}
        </>
      )}
    </Loaded>
  )
}

type RunsProps = Pick<Props, 'slug' | 'run' | 'before' | 'onLook'> & { set: string; runs: readonly Run[] }

/** One run, and beside it the choice of another to look at or to compare it with. */
function Runs({ slug, set, runs, run, before, onLook }: RunsProps) {
  const { t, i18n } = useTranslation()
  const shown = runs.find(({ id }) => id === run) ?? runs[0]
  if (!shown) {
    return (
      <State icon="play" title={t('evaluations.neverRun')}>
        {t('evaluations.neverRunMore')}
      </State>
    )
  }
  const name = ({ beganAt, totals, status, release }: Run) => {
    const came = totals
      ? t('evaluations.rightOf', { right: totals.right, all: totals.questions })
      : t(`evaluations.status.${status}`)
    const of = release ? ` · ${t('evaluations.ofRelease')}` : ''
    return `${dateTime(beganAt, i18n.language)}${of} · ${came}`
  }
  const others = runs.filter(({ id, status }) => id !== shown.id && status === 'finished')
  const with_ = others.find(({ id }) => id === before)
  return (
    <Panel title={t('evaluations.result')}>
      <NativeSelect
        label={t('evaluations.which')}
        value={shown.id}
        onChange={(event) => onLook({ run: event.currentTarget.value })}
        data={runs.map((one) => ({ value: one.id, label: name(one) }))}
      />
      {shown.status === 'finished' && others.length > 0 && (
        <NativeSelect
          label={t('evaluations.compareWith')}
          value={with_?.id ?? ''}
          onChange={(event) => {
            const chosen = event.currentTarget.value
            onLook({ run: shown.id, ...(chosen ? { before: chosen } : {}) })
          }}
          data={[
            { value: '', label: t('evaluations.compareNone') },
            ...others.map((one) => ({ value: one.id, label: name(one) })),
          ]}
        />
      )}
      <div role="status">
        <RunState run={shown} />
      </div>
      {shown.problem && (
        <Notice tone="bad">
          <span dir="auto">{shown.problem}</span>
        </Notice>
      )}
      {with_ ? (
        <Compared slug={slug} set={set} run={shown} before={with_.id} />
      ) : (
        <>
          {shown.totals && <Figures totals={shown.totals} />}
          <Results key={shown.id} slug={slug} set={set} run={shown} />
        </>
      )}
    </Panel>
  )
}
