import { NativeSelect, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import { createToken, type Scope, scopes } from '../../api/tokens.ts'
import { Button } from '../../ui/Button.tsx'
import { Check } from '../../ui/Check.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'

const day = 24 * 60 * 60 * 1000
const lifetimes = [30, 90, 365, 0] as const // days; 0: no end

/** A new token: what it is for, what it may do, until when. */
export function TokenForm({ slug, onMade }: { slug: string; onMade: (secret: string) => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<readonly Scope[]>([])
  const [days, setDays] = useState(90)
  const making = useMutation({
    mutationFn: () =>
      createToken(slug, {
        name: name.trim(),
        scopes: chosen,
        expiresAt: days > 0 ? new Date(Date.now() + days * day) : undefined,
      }),
    onSuccess: onMade,
  })
  const errors = fieldErrors(making.error && asProblem(making.error), ['name', 'scopes', 'expires_at'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    making.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <TextInput
        label={t('tokens.name')}
        description={t('tokens.nameMore')}
        dir="auto"
        required
        withAsterisk={false}
        maxLength={100}
        error={errors.of('name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <fieldset className={form.group}>
        <legend className={form.legend}>{t('tokens.scopes')}</legend>
        {scopes.map((scope) => (
          <Check
            key={scope}
            label={t(`scope.${scope}`)}
            more={<bdi dir="ltr">{scope}</bdi>}
            checked={chosen.includes(scope)}
            onChange={(on) => setChosen((old) => (on ? [...old, scope] : old.filter((one) => one !== scope)))}
          />
        ))}
        {errors.of('scopes') && <p role="alert">{errors.of('scopes')}</p>}
      </fieldset>
      <NativeSelect
        label={t('tokens.expires')}
        error={errors.of('expires_at')}
        value={days}
        onChange={(event) => setDays(Number(event.currentTarget.value))}
        data={lifetimes.map((one) => ({
          value: String(one),
          label: one > 0 ? t('tokens.days', { count: one }) : t('tokens.noEnd'),
        }))}
      />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <div className={form.actions}>
        <Button
          look="primary"
          submit
          busy={making.isPending}
          disabled={name.trim() === '' || chosen.length === 0}
        >
          {t('tokens.create')}
        </Button>
      </div>
    </form>
  )
}
