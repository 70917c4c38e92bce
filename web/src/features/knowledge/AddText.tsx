import { Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { addText, knowledgeKeys } from '../../api/knowledge.ts'
import { randomId } from '../../lib/id.ts'
import { Button } from '../../ui/Button.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './AddKnowledge.module.css'

/** A text with a title. The same title again replaces what was there. */
export function AddText({ slug, onDone }: { slug: string; onDone: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [title, setTitle] = useState('')
  const [content, setContent] = useState('')
  const add = useMutation({
    mutationFn: () => addText(slug, title.trim(), content, randomId()),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
      onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={t('brain.textTitle')}
        dir="auto"
        required
        withAsterisk={false}
        maxLength={300}
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <Textarea
        label={t('brain.textContent')}
        description={t('brain.textHint')}
        dir="auto"
        required
        withAsterisk={false}
        rows={8}
        value={content}
        onChange={(event) => setContent(event.currentTarget.value)}
      />
      {add.error && <ProblemLine error={add.error} />}
      <Button
        look="primary"
        submit
        busy={add.isPending}
        disabled={title.trim() === '' || content.trim() === ''}
      >
        {t('brain.addTextSubmit')}
      </Button>
    </form>
  )
}
