import { useTranslation } from 'react-i18next'
import type { Channel } from '../../api/channels.ts'
import { Tag } from '../../ui/Tag.tsx'
import { healthLooks } from './words.ts'

/** How a number is, in one word. */
export function HealthTag({ channel }: { channel: Channel }) {
  const { t } = useTranslation()
  const { tone, icon } = healthLooks[channel.health]
  return (
    <Tag tone={tone} icon={icon}>
      {t(`channels.health.${channel.health}`)}
    </Tag>
  )
}
