import { useTranslation } from 'react-i18next'
import type { Channel } from '../../api/channels.ts'
import { Notice } from '../../ui/Notice.tsx'

/** What keeps a number from working, and what to do about it; nothing while all is well. */
export function TroubleNotice({ channel }: { channel: Channel }) {
  const { t } = useTranslation()
  if (!channel.trouble || channel.trouble === 'webhook_never') return null
  const byHand = channel.trouble === 'paused' && !channel.lastError
  return (
    <Notice live tone={byHand ? 'accent' : 'warn'}>
      {t(`channels.trouble.${channel.trouble}`)}
      {channel.trouble === 'paused' && channel.lastError && (
        <>
          {' '}
          <span dir="auto">{channel.healthMessage}</span>
        </>
      )}
    </Notice>
  )
}
