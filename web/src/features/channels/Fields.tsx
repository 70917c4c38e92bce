import { PasswordInput, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Need, Provider } from '../../api/channels.ts'
import type { FieldErrors } from '../../api/fields.ts'
import form from '../../ui/form.module.css'
import classes from './Channels.module.css'
import { draftName, type Values } from './fields.ts'
import { isAsked, useFieldWords } from './words.ts'

export const fieldNames = [
  'name',
  'number',
  'base_url',
  'account_id',
  'sender_id',
  'credentials.api_key',
  'credentials.key_id',
  'webhook_secret.signing_key',
  'webhook_secret',
] as const
export type FieldName = (typeof fieldNames)[number]

type Props = {
  provider: Provider
  needs: readonly Need[]
  values: Values
  onChange: (values: Values) => void
  errors: FieldErrors<FieldName>
  /** Secrets are there already: one that is left empty is kept. */
  kept?: boolean
}

/** What a provider needs to be told, each with where it is found; what only some need is folded away. */
export function Fields({ provider, needs, values, onChange, errors, kept = false }: Props) {
  const { t } = useTranslation()
  const words = useFieldWords(provider)
  const set = (name: keyof Values) => (event: { currentTarget: { value: string } }) =>
    onChange({ ...values, [name]: event.currentTarget.value })
  const field = ({ field: name, required, secret }: Need) => {
    const common = {
      label: words.label(name),
      description: words.where(name),
      required: required && !(kept && secret),
      withAsterisk: false,
      dir: 'ltr',
      autoComplete: 'off',
      autoCapitalize: 'none',
      spellCheck: false,
      error:
        errors.of(name) ?? (name === 'webhook_secret.signing_key' ? errors.of('webhook_secret') : undefined),
      value: values[draftName[name]],
      onChange: set(draftName[name]),
    }
    return secret && name !== 'credentials.key_id' ? (
      <PasswordInput
        key={name}
        {...common}
        autoComplete="new-password"
        placeholder={kept ? t('channels.keptSecret') : ''}
        visibilityToggleButtonProps={{ 'aria-label': t('channels.showSecret') }}
      />
    ) : (
      <TextInput key={name} {...common} {...(name === 'base_url' ? { inputMode: 'url' as const } : {})} />
    )
  }
  const asked = needs.filter(isAsked)
  const rest = needs.filter((need) => !isAsked(need))
  return (
    <>
      <TextInput
        label={t('channels.number')}
        description={t('channels.numberMore')}
        type="tel"
        inputMode="tel"
        dir="ltr"
        required
        withAsterisk={false}
        maxLength={25}
        error={errors.of('number')}
        value={values.number}
        onChange={set('number')}
      />
      {asked.map(field)}
      <TextInput
        label={t('channels.name')}
        description={t('channels.nameMore')}
        dir="auto"
        maxLength={100}
        error={errors.of('name')}
        value={values.name}
        onChange={set('name')}
      />
      {rest.length > 0 && (
        <details className={classes.fold}>
          <summary>{t('channels.rarely')}</summary>
          <div className={form.form}>{rest.map(field)}</div>
        </details>
      )}
    </>
  )
}
