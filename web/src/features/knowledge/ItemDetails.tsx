import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chunksQuery, deleteItem, type Item, itemQuery, knowledgeKeys, reindex } from '../../api/knowledge.ts'
import { versionTextQuery } from '../../api/versions.ts'
import { useMinute } from '../../lib/clock.ts'
import { ago } from '../../lib/time.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Button } from '../../ui/Button.tsx'
import { HeadingPath } from '../../ui/HeadingPath.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { ProblemLine, ProblemState } from '../shell/ProblemState.tsx'
import { CardForm } from './CardForm.tsx'
import classes from './ItemDetails.module.css'
import { ItemStatusTag } from './ItemStatusTag.tsx'
import { placeName, sourceName } from './source.ts'
import { Versions } from './Versions.tsx'

type Props = { slug: string; id: string; mayChange: boolean; onGone: () => void }

/** One piece of knowledge: how far it is, and the passages that answers are made of. */
export function ItemDetails({ slug, id, mayChange, onGone }: Props) {
  const { t } = useTranslation()
  const item = useQuery(itemQuery(slug, id))
  if (item.isError && !item.data) return <ProblemState error={item.error} onRetry={() => item.refetch()} />
  if (!item.data) return <Skeleton label={t('state.loading')} rows={3} />
  return (
    <div className={classes.details}>
      <Facts item={item.data} />
      {mayChange && <Actions slug={slug} item={item.data} onGone={onGone} />}
      {mayChange && item.data.source === 'hitl' && item.data.status !== 'processing' && (
        <EditCard slug={slug} item={item.data} />
      )}
      {mayChange && <Versions slug={slug} item={item.data} />}
      <Passages slug={slug} id={id} />
    </div>
  )
}

function Facts({ item }: { item: Item }) {
  const { t, i18n } = useTranslation()
  const now = useMinute()
  return (
    <div className={classes.facts}>
      <p className={classes.title}>
        <bdi>{item.title}</bdi>
      </p>
      <p className={classes.tags}>
        <ItemStatusTag status={item.status} />
        <Tag>{sourceName(t, item.source)}</Tag>
        <Tag>{t('brain.version', { version: item.version })}</Tag>
        <span>{t('brain.changed', { time: ago(item.updatedAt, now, i18n.language) })}</span>
      </p>
      {item.status === 'processing' && (
        <Bar
          label={t('brain.processing')}
          value={
            item.progress && item.progress.total > 0 ? item.progress.done / item.progress.total : undefined
          }
        />
      )}
      {item.problem && (
        <p className={classes.problem} role="alert" dir="auto">
          {item.problem}
        </p>
      )}
      {item.url && (
        <a href={item.url} target="_blank" rel="noopener noreferrer" dir="ltr" className={classes.url}>
          {item.url}
        </a>
      )}
    </div>
  )
}

function Actions({ slug, item, onGone }: { slug: string; item: Item; onGone: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [sure, setSure] = useState(false)
  const refresh = () => queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
  const again = useMutation({ mutationFn: () => reindex(slug, item.id), onSuccess: refresh })
  const remove = useMutation({
    mutationFn: () => deleteItem(slug, item.id),
    onSuccess: () => {
      onGone()
      queries.removeQueries({ queryKey: knowledgeKeys.item(slug, item.id) })
      queries.removeQueries({ queryKey: knowledgeKeys.chunks(slug, item.id) })
      return refresh()
    },
  })
  const problem = again.error ?? remove.error
  if (sure)
    return (
      <div
        className={classes.sure}
        role="alertdialog"
        aria-labelledby="sure-title"
        aria-describedby="sure-more"
      >
        <p id="sure-title" className={classes.strong}>
          {t('brain.deleteTitle', { title: item.title })}
        </p>
        <p id="sure-more">{t('brain.deleteMore')}</p>
        {problem && <ProblemLine error={problem} />}
        <div className={classes.actions}>
          <Button look="primary" danger icon="trash" busy={remove.isPending} onClick={() => remove.mutate()}>
            {t('brain.delete')}
          </Button>
          <Button autoFocus onClick={() => setSure(false)}>
            {t('state.cancel')}
          </Button>
        </div>
      </div>
    )
  return (
    <>
      <div className={classes.actions}>
        <Button icon="refresh" busy={again.isPending} onClick={() => again.mutate()}>
          {t('brain.reindex')}
        </Button>
        <Button icon="trash" danger onClick={() => setSure(true)}>
          {t('brain.delete')}
        </Button>
      </div>
      {problem && <ProblemLine error={problem} />}
    </>
  )
}

/** A card's question and answer, to be written anew; the answer in its newest version that was read. */
function EditCard({ slug, item }: { slug: string; item: Item }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const text = useQuery({
    ...versionTextQuery(slug, item.id, item.serving),
    enabled: open && item.serving > 0,
  })
  if (!open) return <Button onClick={() => setOpen(true)}>{t('brain.card.edit')}</Button>
  if (text.isError) return <ProblemLine error={text.error} />
  if (item.serving > 0 && text.data === undefined) return <Skeleton label={t('state.loading')} rows={2} />
  return (
    <CardForm
      key={item.version}
      slug={slug}
      item={item.id}
      question={item.title}
      answer={text.data ?? ''}
      onDone={() => setOpen(false)}
      onCancel={() => setOpen(false)}
    />
  )
}

// A thousand pages have thousands of passages; this many more are drawn at a time.
const step = 100

function Passages({ slug, id }: { slug: string; id: string }) {
  const { t } = useTranslation()
  const found = useQuery(chunksQuery(slug, id))
  const [shown, setShown] = useState(step)
  const rows = found.data ?? []
  return (
    <section>
      <h3 className={classes.heading}>{t('brain.passagesTitle')}</h3>
      {found.isPending && <Skeleton label={t('state.loading')} rows={3} />}
      {found.isError && <ProblemLine error={found.error} />}
      {found.data && rows.length === 0 && <p className={classes.none}>{t('brain.noPassages')}</p>}
      <ol className={classes.passages}>
        {rows.slice(0, shown).map((passage) => (
          <li key={passage.id} className={classes.passage}>
            <HeadingPath path={passage.path} />
            <p className={classes.text} dir="auto">
              {passage.text}
            </p>
            {passage.place && <p className={classes.page}>{placeName(t, passage.place)}</p>}
          </li>
        ))}
      </ol>
      {rows.length > shown && (
        <Button wide onClick={() => setShown(shown + step)}>
          {t('state.more')}
        </Button>
      )}
    </section>
  )
}
