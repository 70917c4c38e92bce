import { useTranslation } from 'react-i18next'
import type { ItemStatus } from '../../api/knowledge.ts'
import { Tag } from '../../ui/Tag.tsx'

const tones = { processing: 'accent', embedded: 'ok', failed: 'bad' } as const
const icons = { processing: 'clock', embedded: 'check', failed: 'alert' } as const

export function ItemStatusTag({ status }: { status: ItemStatus }) {
  const { t } = useTranslation()
  return (
    <Tag tone={tones[status]} icon={icons[status]}>
      {t(`brain.${status}`)}
    </Tag>
  )
}
