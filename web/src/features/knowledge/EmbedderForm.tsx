import { NativeSelect, NumberInput, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Embedder, type EmbedderDraft, setEmbedder } from '../../api/embedder.ts'
import { fieldErrors } from '../../api/fields.ts'
import { knowledgeKeys } from '../../api/knowledge.ts'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Sites.module.css'

const names = ['base_url', 'model', 'key', 'key_header', 'dimensions', 'monthly_tokens'] as const

/** An embedding service to choose. A key that is left empty is kept, and never shown. */
export function EmbedderForm({ slug, found }: { slug: string; found: Embedder }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [draft, setDraft] = useState<EmbedderDraft>({
    baseUrl: found.baseUrl,
    model: found.model,
    keyHeader: found.keyHeader,
    dimensions: found.dimensions,
    monthlyTokens: found.monthlyTokens,
    key: undefined,
  })
  const set = (part: Partial<EmbedderDraft>) => setDraft((before) => ({ ...before, ...part }))
  const save = useMutation({
    mutationFn: () => setEmbedder(slug, draft),
    onSuccess: async () => {
      set({ key: undefined })
      await queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
    },
  })
  const errors = fieldErrors(save.error ? asProblem(save.error) : undefined, names)
  const plain = {
    withAsterisk: false,
    dir: 'ltr',
    autoCapitalize: 'none',
    autoComplete: 'off',
    spellCheck: false,
  }
  return (
    <form
      className={classes.form}
      aria-label={t('embedder.form')}
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <h3 className={classes.heading}>{t('embedder.form')}</h3>
      <TextInput
        {...plain}
        label={t('embedder.baseUrl')}
        description={t('embedder.baseUrlMore')}
        type="url"
        inputMode="url"
        required
        maxLength={1000}
        error={errors.of('base_url')}
        value={draft.baseUrl}
        onChange={(event) => set({ baseUrl: event.currentTarget.value })}
      />
      <TextInput
        {...plain}
        label={t('embedder.model')}
        required
        maxLength={200}
        error={errors.of('model')}
        value={draft.model}
        onChange={(event) => set({ model: event.currentTarget.value, dimensions: 0 })}
      />
      <PasswordInput
        {...plain}
        label={t('embedder.key')}
        description={t('embedder.keyMore')}
        autoComplete="new-password"
        maxLength={1000}
        placeholder={found.keySet ? t('embedder.keyKept') : ''}
        visibilityToggleButtonProps={{ 'aria-label': t('embedder.keyShow') }}
        error={errors.of('key')}
        value={draft.key ?? ''}
        onChange={(event) => set({ key: event.currentTarget.value || undefined })}
      />
      <NumberInput
        label={t('embedder.monthly')}
        description={t('embedder.monthlyMore')}
        min={0}
        allowDecimal={false}
        allowNegative={false}
        error={errors.of('monthly_tokens')}
        value={draft.monthlyTokens || ''}
        onChange={(value) => set({ monthlyTokens: typeof value === 'number' ? value : 0 })}
      />
      <details className={classes.more}>
        <summary>{t('embedder.more')}</summary>
        <div className={classes.form}>
          <NumberInput
            label={t('embedder.dimensions')}
            description={t('embedder.dimensionsMore')}
            min={0}
            max={4000}
            allowDecimal={false}
            allowNegative={false}
            error={errors.of('dimensions')}
            value={draft.dimensions || ''}
            onChange={(value) => set({ dimensions: typeof value === 'number' ? value : 0 })}
          />
          <NativeSelect
            label={t('embedder.keyHeader')}
            description={t('embedder.keyHeaderMore')}
            error={errors.of('key_header')}
            value={draft.keyHeader}
            onChange={(event) =>
              set({ keyHeader: event.currentTarget.value === 'api-key' ? 'api-key' : 'authorization' })
            }
            data={['authorization', 'api-key']}
          />
        </div>
      </details>
      {errors.rest && <ProblemLine error={errors.rest} />}
      <Button
        look="primary"
        submit
        busy={save.isPending}
        disabled={draft.baseUrl.trim() === '' || draft.model.trim() === ''}
      >
        {t('embedder.save')}
      </Button>
      <p className={classes.quiet} role="status">
        {save.isSuccess && t('embedder.saved')}
      </p>
    </form>
  )
}
