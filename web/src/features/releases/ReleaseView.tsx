import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { knowledgeKeys } from '../../api/knowledge.ts'
import {
  discardRelease,
  dropChange,
  promoteRelease,
  type Release,
  type ReleaseChange,
  releaseQuery,
  rollBackRelease,
} from '../../api/releases.ts'
import { Button } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { State } from '../../ui/State.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { ChangeTexts } from './ChangeTexts.tsx'
import { ReleaseState } from './ReleaseList.tsx'
import classes from './Releases.module.css'

type Props = {
  slug: string
  id: string
  onAdd: () => void
  onGone: () => void
  /** Where the release is measured. */
  measure: ReactNode
}

type Act = 'promote' | 'rollBack' | 'discard'

/** One release: what it changes, and the acts that its state allows. */
export function ReleaseView({ slug, id, onAdd, onGone, measure }: Props) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [asking, setAsking] = useState<Act>()
  const found = useQuery(releaseQuery(slug, id))
  const refresh = () => queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
  const run = {
    promote: () => promoteRelease(slug, id),
    rollBack: () => rollBackRelease(slug, id),
    discard: async () => {
      await discardRelease(slug, id)
      onGone()
    },
  }
  return (
    <Loaded query={found}>
      {(release) => {
        const open = ['staging', 'ready', 'rolled_back'].includes(release.state)
        return (
          <>
            <Panel title={release.name}>
              <div className={classes.actions} role="status">
                <ReleaseState state={release.state} />
              </div>
              <div className={classes.actions}>
                {open && (
                  <>
                    <Button look="primary" icon="play" onClick={() => setAsking('promote')}>
                      {t('releases.promote')}
                    </Button>
                    <Button icon="plus" onClick={onAdd}>
                      {t('releases.add')}
                    </Button>
                    {measure}
                  </>
                )}
                {release.canRollBack && (
                  <Button icon="refresh" onClick={() => setAsking('rollBack')}>
                    {t('releases.rollBack')}
                  </Button>
                )}
                {(open || release.canRollBack) && (
                  <Button icon="trash" danger onClick={() => setAsking('discard')}>
                    {t('releases.discard')}
                  </Button>
                )}
              </div>
            </Panel>
            <Changes slug={slug} release={release} onChanged={refresh} />
            {asking && (
              <Confirm
                title={t(`releases.${asking}Title`, { name: release.name })}
                act={t(`releases.${asking}`)}
                danger={asking !== 'promote'}
                run={async () => {
                  try {
                    await run[asking]()
                  } finally {
                    await refresh()
                  }
                }}
                onClose={() => setAsking(undefined)}
              >
                {t(`releases.${asking}More`)}
              </Confirm>
            )}
          </>
        )
      }}
    </Loaded>
  )
}

function Changes({
  slug,
  release,
  onChanged,
}: {
  slug: string
  release: Release
  onChanged: () => Promise<unknown>
}) {
  const { t } = useTranslation()
  if (release.changes.length === 0) {
    return (
      <State icon="text" title={t('releases.empty')}>
        {t('releases.emptyMore')}
      </State>
    )
  }
  return (
    <Panel title={t('releases.changes')}>
      <ol className={classes.changes}>
        {release.changes.map((change) => (
          <li key={change.id} className={classes.change}>
            <Change slug={slug} release={release} change={change} onChanged={onChanged} />
          </li>
        ))}
      </ol>
    </Panel>
  )
}

const tones = { processing: 'accent', ready: 'ok', failed: 'bad' } as const

type ChangeProps = {
  slug: string
  release: Release
  change: ReleaseChange
  onChanged: () => Promise<unknown>
}

function Change({ slug, release, change, onChanged }: ChangeProps) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const drop = useMutation({
    mutationFn: () => dropChange(slug, release.id, change.id),
    onSettled: onChanged,
  })
  return (
    <>
      <div className={classes.actions}>
        <strong className={classes.title}>
          <bdi>{change.title}</bdi>
        </strong>
        <Tag>{t(`releases.kind.${change.kind}`)}</Tag>
        <Tag tone={tones[change.status]}>{t(`releases.status.${change.status}`)}</Tag>
      </div>
      {(change.error ?? change.conflict) && (
        <Notice tone={change.error ? 'bad' : 'warn'}>
          <span dir="auto">{change.error ?? change.conflict}</span>
        </Notice>
      )}
      <div className={classes.actions}>
        {change.status === 'ready' && (
          <Button aria-expanded={open} onClick={() => setOpen(!open)}>
            {t('releases.difference')}
          </Button>
        )}
        <Button
          icon="close"
          busy={drop.isPending}
          aria-label={t('releases.dropTitle', { title: change.title })}
          onClick={() => drop.mutate()}
        >
          {t('releases.drop')}
        </Button>
      </div>
      {drop.error && <ProblemLine error={drop.error} />}
      {open && <ChangeTexts slug={slug} release={release} change={change.id} />}
    </>
  )
}
