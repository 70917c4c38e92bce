import { TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

/** Where a tenant's own n8n answers. */
export function N8n({
  value,
  onChange,
  error,
}: {
  value: string
  onChange: (value: string) => void
  error: string | undefined
}) {
  const { t } = useTranslation()
  return (
    <TextInput
      label={t('admin.n8n')}
      description={t('admin.n8nMore')}
      type="url"
      dir="ltr"
      maxLength={500}
      pattern="https://.*"
      autoCapitalize="none"
      spellCheck={false}
      error={error}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
