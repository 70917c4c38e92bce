import { Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { knowledgeKeys, publishCard } from '../../api/knowledge.ts'
import { randomId } from '../../lib/id.ts'
import { Button } from '../../ui/Button.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './AddKnowledge.module.css'

type Props = {
  slug: string
  /** The card to edit. */
  item?: string
  /** The unanswered question that this is the answer to. */
  answers?: string
  question?: string
  answer?: string
  onDone: () => void
  /** The way back, where the form stands in the place of something else. */
  onCancel?: () => void
}

/** A question with the answer that a person gives it. */
export function CardForm({ slug, item, answers, question = '', answer = '', onDone, onCancel }: Props) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [asked, setAsked] = useState(question)
  const [said, setSaid] = useState(answer)
  const publish = useMutation({
    mutationFn: () =>
      publishCard(
        slug,
        {
          question: asked.trim(),
          answer: said.trim(),
          ...(item ? { item } : {}),
          ...(answers ? { answers } : {}),
        },
        randomId(),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
      onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    publish.mutate()
  }
  return (
    <form className={classes.form} onSubmit={submit}>
      <Textarea
        label={t('brain.card.question')}
        description={t('brain.card.questionHint')}
        dir="auto"
        required
        withAsterisk={false}
        rows={2}
        maxLength={300}
        value={asked}
        onChange={(event) => setAsked(event.currentTarget.value)}
      />
      <Textarea
        label={t('brain.card.answer')}
        description={t('brain.card.answerHint')}
        dir="auto"
        required
        withAsterisk={false}
        rows={6}
        maxLength={4096}
        value={said}
        onChange={(event) => setSaid(event.currentTarget.value)}
        data-autofocus={question !== '' || undefined}
      />
      {publish.error && <ProblemLine error={publish.error} />}
      <Button
        look="primary"
        submit
        busy={publish.isPending}
        disabled={asked.trim() === '' || said.trim() === ''}
      >
        {t('brain.card.publish')}
      </Button>
      {onCancel && <Button onClick={onCancel}>{t('state.cancel')}</Button>}
    </form>
  )
}
