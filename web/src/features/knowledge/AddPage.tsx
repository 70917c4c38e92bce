import { TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { addUrl, knowledgeKeys } from '../../api/knowledge.ts'
import { randomId } from '../../lib/id.ts'
import { Button } from '../../ui/Button.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './AddKnowledge.module.css'

/** One web page, by its address. */
export function AddPage({ slug, onDone }: { slug: string; onDone: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [url, setUrl] = useState('')
  const add = useMutation({
    mutationFn: (address: string) => addUrl(slug, address, randomId()),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
      onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const typed = url.trim()
    add.mutate(/^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`)
  }
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={t('brain.url')}
        placeholder={t('brain.urlHint')}
        inputMode="url"
        autoCapitalize="none"
        autoComplete="off"
        dir="ltr"
        required
        withAsterisk={false}
        maxLength={2000}
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
        data-autofocus
      />
      {add.error && <ProblemLine error={add.error} />}
      <Button look="primary" submit busy={add.isPending} disabled={url.trim() === ''}>
        {t('brain.addUrl')}
      </Button>
    </form>
  )
}
