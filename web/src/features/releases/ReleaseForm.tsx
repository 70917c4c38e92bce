import { TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { releaseKeys, stageRelease } from '../../api/releases.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'

/** Begins a release by its name. */
export function ReleaseForm({ slug, onStaged }: { slug: string; onStaged: (id: string) => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [name, setName] = useState('')
  const stage = useMutation({
    mutationFn: () => stageRelease(slug, name.trim()),
    onSuccess: async (id) => {
      await queries.invalidateQueries({ queryKey: releaseKeys.all(slug) })
      onStaged(id)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    stage.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <TextInput
        label={t('releases.name')}
        description={t('releases.nameHint')}
        dir="auto"
        required
        withAsterisk={false}
        maxLength={120}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {stage.error && <ProblemLine error={stage.error} />}
      <Button look="primary" submit busy={stage.isPending} disabled={name.trim() === ''}>
        {t('releases.stage')}
      </Button>
    </form>
  )
}
