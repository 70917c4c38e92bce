import { TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { changeLook, type Look } from '../../api/branding.ts'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import { platform } from '../../lib/branding.ts'
import { Button } from '../../ui/Button.tsx'
import { ColorField } from '../../ui/ColorField.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { BrandPreview } from './BrandPreview.tsx'
import { useLook } from './useLook.ts'

/** The name and the colours, with what they will look like while they are being chosen. */
export function BrandingForm({
  slug,
  look,
  name,
  mayChange,
}: {
  slug: string
  look: Look
  name: string
  mayChange: boolean
}) {
  const { t } = useTranslation()
  const [base, setBase] = useState(look)
  const [draft, setDraft] = useState(look)
  if (base !== look) {
    setBase(look)
    setDraft({ ...draft, logoUrl: look.logoUrl, ...(sameWords(base, draft) ? look : {}) })
  }
  const saving = useLook(slug, () => changeLook(slug, draft))
  const errors = fieldErrors(saving.error && asProblem(saving.error), [
    'company_name',
    'brand_primary',
    'brand_secondary',
  ])
  const set = (part: Partial<Look>) => setDraft((old) => ({ ...old, ...part }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate(undefined)
  }
  return (
    <Panel title={t('branding.nameAndColours')}>
      <form className={form.stack} onSubmit={submit}>
        <div className={form.form}>
          <TextInput
            label={t('branding.company')}
            description={t('branding.companyMore')}
            placeholder={name}
            dir="auto"
            maxLength={120}
            readOnly={!mayChange}
            error={errors.of('company_name')}
            value={draft.company}
            onChange={(event) => set({ company: event.currentTarget.value })}
          />
          <div className={form.pair}>
            <ColorField
              label={t('branding.primary')}
              pickLabel={t('branding.pick', { name: t('branding.primary') })}
              fallback={platform.primary}
              readOnly={!mayChange}
              error={errors.of('brand_primary')}
              value={draft.primary}
              onChange={(primary) => set({ primary })}
            />
            <ColorField
              label={t('branding.secondary')}
              pickLabel={t('branding.pick', { name: t('branding.secondary') })}
              fallback="#ffffff"
              readOnly={!mayChange}
              error={errors.of('brand_secondary')}
              value={draft.secondary}
              onChange={(secondary) => set({ secondary })}
            />
          </div>
        </div>
        <BrandPreview
          branding={{
            name: draft.company || name,
            primary: draft.primary || platform.primary,
            logoUrl: draft.logoUrl,
          }}
        />
        {errors.rest && <ProblemLine error={errors.rest} />}
        {mayChange && (
          <div className={form.actions}>
            <Button look="primary" submit busy={saving.isPending} disabled={sameWords(look, draft)}>
              {t('form.save')}
            </Button>
            <span role="status" className={form.said}>
              {saving.isSuccess && sameWords(look, draft) && t('form.saved')}
            </span>
          </div>
        )}
      </form>
    </Panel>
  )
}

const sameWords = (a: Look, b: Look): boolean =>
  a.company === b.company && a.primary === b.primary && a.secondary === b.secondary
