import { PasswordInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

// identity/local/password.go asks for the same.
const minLength = 15
const maxLength = 128

/** A field for a password that is to be. What is asked of it stands there before anybody fails. */
export function NewPassword({
  value,
  onChange,
  error,
}: {
  value: string
  onChange: (value: string) => void
  error?: string | undefined
}) {
  const { t } = useTranslation()
  return (
    <PasswordInput
      label={t('account.newPassword')}
      description={t('account.passwordRules', { count: minLength })}
      autoComplete="new-password"
      required
      withAsterisk={false}
      minLength={minLength}
      maxLength={maxLength}
      dir="ltr"
      error={error}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
