import { useTranslation } from 'react-i18next'
import type { Fingerprint } from '../../api/channels.ts'
import form from '../../ui/form.module.css'
import { Tag } from '../../ui/Tag.tsx'

/** Whether a secret is set, and the fingerprint to recognise it by. That is all that is ever said of it. */
export function SecretState({ fingerprint }: { fingerprint: Fingerprint }) {
  const { t } = useTranslation()
  if (!fingerprint) return <Tag tone="warn">{t('channels.unset')}</Tag>
  return (
    <span className={form.tags}>
      <Tag tone="ok" icon="check">
        {t('channels.set')}
      </Tag>
      <code dir="ltr" title={t('channels.fingerprint')}>
        {fingerprint}
      </code>
    </span>
  )
}
