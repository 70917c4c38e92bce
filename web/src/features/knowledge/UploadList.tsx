import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Bar } from '../../ui/Bar.tsx'
import { Button } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { LongList } from '../../ui/LongList.tsx'
import { Tag, type Tone } from '../../ui/Tag.tsx'
import classes from './UploadList.module.css'
import { type Upload, type UploadState, type Uploads, uploadStates } from './uploads.ts'
import { useUploads } from './useUploads.ts'

const tones: Record<UploadState, Tone> = {
  ...{ waiting: 'plain', uploading: 'accent', reading: 'accent' },
  ...{ ready: 'ok', unchanged: 'plain', failed: 'bad' },
}

/** Files on their way to be knowledge: how far all of them are, and behind that each one by its state. */
export function UploadList({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const { uploads, queue } = useUploads(slug)
  const [shown, setShown] = useState<UploadState | 'all'>()
  const { list } = queue
  if (list.length === 0) return null
  const count = Object.fromEntries(uploadStates.map((state) => [state, 0])) as Record<UploadState, number>
  for (const { state } of list) count[state]++
  const pending = count.waiting + count.uploading
  const part = list.reduce((sum, one) => sum + partOut(one), 0) / list.length
  const done = list.filter(({ item }) => item).length
  const rows = shown === 'all' ? list : list.filter((one) => one.state === shown)
  const toggle = (which: UploadState | 'all') => setShown(which === shown ? undefined : which)
  const figures = { done, total: list.length }
  return (
    <section className={classes.panel} aria-label={t('brain.uploads')}>
      <p className={classes.figures}>
        <strong>{t('brain.upload.sent', figures)}</strong>
        {queue.paused ? t('brain.upload.paused') : queue.held && t('brain.upload.held')}
      </p>
      <Bar
        label={t('brain.upload.sent', figures)}
        value={part}
        tone={done === list.length ? 'ok' : 'accent'}
      />
      <Spoken part={part} pending={pending} failed={count.failed} paused={queue.paused} />
      <Controls uploads={uploads} pending={pending} failed={count.failed} paused={queue.paused} />
      <fieldset className={classes.states} aria-label={t('brain.upload.show')}>
        {(['all', ...uploadStates] as const).map((state) => {
          const number = state === 'all' ? list.length : count[state]
          if (number === 0) return null
          return (
            <button
              key={state}
              type="button"
              className={classes.state}
              aria-pressed={state === shown}
              onClick={() => toggle(state)}
            >
              {t(`brain.upload.state.${state}`)} <span className={classes.number}>{number}</span>
            </button>
          )
        })}
      </fieldset>
      {rows.length > 0 && (
        <div className={classes.rows}>
          <LongList rows={rows} height={52} onEnd={nothing}>
            {(row) => <Row slug={slug} row={row} uploads={uploads} />}
          </LongList>
        </div>
      )}
    </section>
  )
}

const nothing = () => undefined

const partOut = ({ state, part, item }: Upload): number => (state === 'uploading' ? part : item ? 1 : 0)

/** What a screen reader says: not each file, but every tenth of the way, and the end. */
function Spoken(props: { part: number; pending: number; failed: number; paused: boolean }) {
  const { part, pending, failed, paused } = props
  const { t } = useTranslation()
  const percent = Math.floor(part * 10) * 10
  return (
    <p role="status" className={classes.spoken}>
      {paused
        ? t('brain.upload.paused')
        : pending === 0
          ? t('brain.upload.spokenEnd', { failed })
          : t('brain.upload.spoken', { percent })}
    </p>
  )
}

type ControlsProps = { uploads: Uploads; pending: number; failed: number; paused: boolean }

function Controls({ uploads, pending, failed, paused }: ControlsProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.controls}>
      {pending > 0 && paused && (
        <Button look="primary" icon="play" onClick={() => uploads.resume()}>
          {t('brain.upload.resume')}
        </Button>
      )}
      {pending > 0 && !paused && (
        <Button icon="pause" onClick={() => uploads.pause()}>
          {t('brain.upload.pause')}
        </Button>
      )}
      {failed > 0 && (
        <Button icon="refresh" onClick={() => uploads.retryFailed()}>
          {t('brain.upload.retryFailed')}
        </Button>
      )}
      {pending > 0 ? (
        <Button onClick={() => uploads.cancelRest()}>{t('brain.upload.cancelRest')}</Button>
      ) : (
        <Button onClick={() => uploads.clear()}>{t('brain.upload.clear')}</Button>
      )}
    </div>
  )
}

function Row({ slug, row, uploads }: { slug: string; row: Upload; uploads: Uploads }) {
  const { t } = useTranslation()
  const { id, name, state, part, problem, item } = row
  const under = state === 'uploading' || (state === 'reading' && part > 0)
  return (
    <div className={classes.row}>
      <div className={classes.words}>
        <span className={classes.head}>
          {item ? (
            <Link
              to="/$slug/brain"
              params={{ slug }}
              search={(old) => ({ ...old, item })}
              className={classes.name}
            >
              <bdi>{name}</bdi>
            </Link>
          ) : (
            <bdi className={classes.name}>{name}</bdi>
          )}
          <Tag tone={tones[state]}>{t(`brain.upload.state.${state}`)}</Tag>
        </span>
        {under && <Bar label={`${t(`brain.upload.state.${state}`)}: ${name}`} value={part} />}
        {problem && (
          <span className={classes.problem} dir="auto">
            <Icon name="alert" size={14} />
            {typeof problem === 'string' ? t(`brain.upload.refusal.${problem}`) : problem.sentence}
          </span>
        )}
      </div>
      {state === 'failed' && (
        <IconButton icon="refresh" label={`${t('brain.retry')}: ${name}`} onClick={() => uploads.retry(id)} />
      )}
      <IconButton icon="close" label={`${t('brain.remove')}: ${name}`} onClick={() => uploads.remove(id)} />
    </div>
  )
}
