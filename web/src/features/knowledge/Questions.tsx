import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { knowledgeKeys } from '../../api/knowledge.ts'
import { dismissQuestion, type Question, questionsQuery, takeUpQuestion } from '../../api/unanswered.ts'
import { useMinute } from '../../lib/clock.ts'
import { ago } from '../../lib/time.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Icon } from '../../ui/Icon.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { State } from '../../ui/State.tsx'
import { ProblemLine, ProblemState } from '../shell/ProblemState.tsx'
import { CardForm } from './CardForm.tsx'
import classes from './Questions.module.css'

/** How many questions wait for an answer, as the way to them; nothing where none does. */
export function QuestionsLink({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const found = useInfiniteQuery(questionsQuery(slug))
  const total = found.data?.pages[0]?.total ?? 0
  if (found.isError && !found.data) return <ProblemLine error={found.error} />
  if (total === 0) return null
  return (
    <Link
      to="/$slug/brain"
      params={{ slug }}
      search={(old) => ({ ...old, questions: true as const })}
      className={classes.link}
    >
      <Icon name="lightbulb" />
      {t('brain.questions.waiting', { count: total })}
    </Link>
  )
}

/** What customers asked and the brain had nothing for, most asked first. */
export function Questions({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const found = useInfiniteQuery(questionsQuery(slug))
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? []
  const [dismissed, setDismissed] = useState<Question>()
  const refresh = () => queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
  const dismiss = useMutation({
    mutationFn: (question: Question) => dismissQuestion(slug, question.id),
    onSuccess: (_, question) => {
      setDismissed(question)
      return refresh()
    },
  })
  const undo = useMutation({
    mutationFn: (question: Question) => takeUpQuestion(slug, question.id),
    onSuccess: () => {
      setDismissed(undefined)
      return refresh()
    },
  })
  const problem = dismiss.error ?? undo.error
  return (
    <div className={classes.pane}>
      {dismissed && (
        <Notice
          live
          tone="ok"
          action={
            <Button busy={undo.isPending} onClick={() => undo.mutate(dismissed)}>
              {t('brain.questions.undo')}
            </Button>
          }
        >
          <bdi>{t('brain.questions.dismissed', { question: dismissed.question })}</bdi>
        </Notice>
      )}
      {problem && <ProblemLine error={problem} />}
      {found.isPending ? (
        <Skeleton label={t('state.loading')} rows={3} />
      ) : found.isError && rows.length === 0 ? (
        <ProblemState error={found.error} onRetry={() => found.refetch()} />
      ) : rows.length === 0 ? (
        <State icon="check" title={t('brain.questions.none')}>
          {t('brain.questions.noneMore')}
        </State>
      ) : (
        <ul className={classes.list} aria-label={t('brain.questions.title')}>
          {rows.map((row) => (
            <li key={row.id}>
              <Row
                slug={slug}
                row={row}
                busy={dismiss.isPending && dismiss.variables?.id === row.id}
                onDismiss={() => dismiss.mutate(row)}
              />
            </li>
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <Button wide busy={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          {t('state.more')}
        </Button>
      )}
    </div>
  )
}

type RowProps = { slug: string; row: Question; busy: boolean; onDismiss: () => void }

function Row({ slug, row, busy, onDismiss }: RowProps) {
  const { t, i18n } = useTranslation()
  const now = useMinute()
  const [writing, setWriting] = useState(false)
  return (
    <article className={classes.row}>
      <p className={classes.question} dir="auto">
        {row.question}
      </p>
      <p className={classes.quiet}>
        {t('brain.questions.asked', { count: row.count })} · {ago(row.lastAskedAt, now, i18n.language)}
      </p>
      {row.others.length > 0 && (
        <p className={classes.quiet}>
          {t('brain.questions.alsoAs')} <bdi>{row.others.join(' · ')}</bdi>
        </p>
      )}
      {writing ? (
        <CardForm
          slug={slug}
          answers={row.id}
          question={row.question}
          onDone={() => setWriting(false)}
          onCancel={() => setWriting(false)}
        />
      ) : (
        <div className={form.actions}>
          <Button look="primary" onClick={() => setWriting(true)}>
            {t('brain.questions.write')}
          </Button>
          <Button busy={busy} onClick={onDismiss}>
            {t('brain.questions.dismiss')}
          </Button>
        </div>
      )}
    </article>
  )
}
