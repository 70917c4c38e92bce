import { Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Found, type Passage, searchQuery } from '../../api/knowledge.ts'
import { dateTime } from '../../lib/time.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Button } from '../../ui/Button.tsx'
import { HeadingPath } from '../../ui/HeadingPath.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { State } from '../../ui/State.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { ProblemState } from '../shell/ProblemState.tsx'
import classes from './Ask.module.css'
import { placeName, sourceName } from './source.ts'
import { stageName } from './stage.ts'
import { WhyNot } from './WhyNot.tsx'

type Props = { slug: string; question: string | undefined; expect: string | undefined }

/** A question to the brain, and what every stage of the retrieval made of it. */
export function Ask({ slug, question, expect }: Props) {
  const { t } = useTranslation()
  const navigate = useNavigate({ from: '/$slug/brain' })
  const [text, setText] = useState(question ?? '')
  const found = useQuery({ ...searchQuery(slug, question ?? ''), enabled: question !== undefined })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const ask = text.trim()
    if (!ask) return
    if (ask === question) void found.refetch()
    else void navigate({ search: ({ expect: _, ...old }) => ({ ...old, view: 'ask' as const, ask }) })
  }
  return (
    <section className={classes.pane} aria-label={t('brain.question')}>
      <form className={classes.form} onSubmit={submit}>
        <Textarea
          label={t('brain.question')}
          placeholder={t('brain.questionHint')}
          dir="auto"
          rows={2}
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event)
          }}
        />
        <Button look="primary" submit busy={found.isFetching} disabled={text.trim() === ''}>
          {t('brain.askSubmit')}
        </Button>
      </form>
      {question === undefined ? (
        <State icon="lightbulb" title={t('brain.ask')}>
          {t('brain.askMore')}
        </State>
      ) : found.isPending ? (
        <Skeleton label={t('state.loading')} rows={3} />
      ) : found.isError ? (
        <ProblemState error={found.error} onRetry={() => found.refetch()} />
      ) : (
        <Results slug={slug} found={found.data}>
          <WhyNot slug={slug} question={question} expect={expect} last={found.data.passages.at(-1)} />
        </Results>
      )}
    </section>
  )
}

function Results({ slug, found, children }: { slug: string; found: Found; children: ReactNode }) {
  const { t, i18n } = useTranslation()
  return (
    <div className={classes.results}>
      <p role="status" className={classes.count}>
        {found.passages.length === 0
          ? t('brain.nothingFound')
          : t('brain.found', { count: found.passages.length })}
        {found.corrected && (
          <>
            {' · '}
            <bdi>{t('brain.corrected', { text: found.corrected })}</bdi>
          </>
        )}
      </p>
      {found.passages.length > 0 && (
        <div className={classes.chance}>
          <span>{t('brain.answerable')}</span>
          <Bar
            meter
            label={t('brain.answerable')}
            value={found.answerable}
            tone={found.answerable < 0.5 ? 'bad' : 'ok'}
          />
          <span>{new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(found.answerable)}</span>
        </div>
      )}
      {found.unknown.length > 0 && (
        <p className={classes.count} dir="auto">
          {t('brain.unknownWords', { words: found.unknown.join(', ') })}
        </p>
      )}
      <ol className={classes.list}>
        {found.passages.map((passage) => (
          <li key={passage.id}>
            <PassageCard slug={slug} passage={passage} />
          </li>
        ))}
      </ol>
      {children}
    </div>
  )
}

function PassageCard({ slug, passage }: { slug: string; passage: Passage }) {
  const { t, i18n } = useTranslation()
  const figure = new Intl.NumberFormat(i18n.language, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  return (
    <article className={classes.card}>
      <header className={classes.head}>
        <Link
          to="/$slug/brain"
          params={{ slug }}
          search={(old) => ({ ...old, item: passage.itemId })}
          className={classes.title}
        >
          <bdi>{passage.title}</bdi>
        </Link>
        <Tag>{sourceName(t, passage.source)}</Tag>
      </header>
      <HeadingPath path={passage.path} />
      {passage.place && <p className={classes.place}>{placeName(t, passage.place)}</p>}
      <p className={classes.place}>
        {t('brain.changed', { time: dateTime(passage.changedAt, i18n.language) })}
      </p>
      <p className={classes.text} dir="auto">
        {passage.text}
      </p>
      <dl className={classes.stages} aria-label={t('brain.stages')}>
        {[{ name: 'fused', score: passage.score }, ...passage.stages].map((stage) => (
          <div key={stage.name} className={classes.stage}>
            <dt>{stageName(t, stage.name)}</dt>
            <dd className={classes.figure}>
              <Bar meter label={stageName(t, stage.name)} value={stage.score} />
              <span>{figure.format(stage.score)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </article>
  )
}
