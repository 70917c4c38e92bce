import { useTranslation } from 'react-i18next'
import { Tag } from '../../ui/Tag.tsx'
import { knownStatus, looksOf } from './words.ts'

/** How far a template is, in one word. */
export function StatusTag({ status }: { status: string }) {
  const { t } = useTranslation()
  const known = knownStatus(status)
  const { tone, icon } = looksOf(status)
  return (
    <Tag tone={tone} icon={icon}>
      {known ? t(`templates.is.${known}`) : status}
    </Tag>
  )
}
