import { useTranslation } from 'react-i18next'
import { useMinute } from '../../lib/clock.ts'
import { span } from '../../lib/time.ts'
import { Tag } from '../../ui/Tag.tsx'
import { replyWindow } from './window.ts'

const soon = 2 * 3_600_000

/** How long a free reply is still allowed, or that it no longer is. */
export function WindowClock({ until }: { until: Date | undefined }) {
  const { t, i18n } = useTranslation()
  const window = replyWindow(until, useMinute())
  if (!window.open)
    return (
      <Tag tone="warn" icon="clock">
        {t('inbox.windowClosed')}
      </Tag>
    )
  return (
    <Tag tone={window.left < soon ? 'warn' : 'plain'} icon="clock">
      {t('inbox.windowOpen', { time: span(window.left, i18n.language) })}
    </Tag>
  )
}
