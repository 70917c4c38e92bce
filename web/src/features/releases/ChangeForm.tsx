import { Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { changeRelease, releaseKeys } from '../../api/releases.ts'
import { Button } from '../../ui/Button.tsx'
import { Check } from '../../ui/Check.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'

/** A text under a title, which replaces the entry of that title or is a new one; or the removal of an entry. */
export function ChangeForm({ slug, id, onDone }: { slug: string; id: string; onDone: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [title, setTitle] = useState('')
  const [content, setContent] = useState('')
  const [remove, setRemove] = useState(false)
  const change = useMutation({
    mutationFn: () =>
      changeRelease(slug, id, remove ? { title: title.trim(), remove } : { title: title.trim(), content }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: releaseKeys.all(slug) })
      onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <TextInput
        label={t('releases.entry')}
        description={t('releases.entryHint')}
        dir="auto"
        required
        withAsterisk={false}
        maxLength={300}
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <Check label={t('releases.remove')} checked={remove} onChange={setRemove} />
      {!remove && (
        <Textarea
          label={t('releases.text')}
          dir="auto"
          required
          withAsterisk={false}
          rows={10}
          value={content}
          onChange={(event) => setContent(event.currentTarget.value)}
        />
      )}
      {change.error && <ProblemLine error={change.error} />}
      <Button
        look="primary"
        submit
        busy={change.isPending}
        disabled={title.trim() === '' || (!remove && content.trim() === '')}
      >
        {t('releases.add')}
      </Button>
    </form>
  )
}
