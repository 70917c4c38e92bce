import { useTranslation } from 'react-i18next'
import type { TenantStatus } from '../../api/tenants.ts'
import { Tag, type Tone } from '../../ui/Tag.tsx'

const tones: Record<TenantStatus, Tone> = {
  provisioning: 'accent',
  active: 'ok',
  inactive: 'plain',
  suspended: 'warn',
  soft_deleted: 'bad',
  erasing: 'bad',
  erased: 'plain',
}

export function TenantStatusTag({ status }: { status: TenantStatus }) {
  const { t } = useTranslation()
  return <Tag tone={tones[status]}>{t(`tenant.status.${status}`)}</Tag>
}
