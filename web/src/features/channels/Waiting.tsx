import { useTranslation } from 'react-i18next'
import type { Channel } from '../../api/channels.ts'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import { When } from '../../ui/When.tsx'
import classes from './Channels.module.css'

type Heard = 'silent' | 'refused' | 'heard'
const icons: Record<Heard, IconName> = { silent: 'clock', refused: 'alert', heard: 'check' }

/** Whether the provider has called: it turns green by itself when the first webhook arrives. */
export function Waiting({ channel }: { channel: Channel }) {
  const { t } = useTranslation()
  const state: Heard =
    channel.trouble === 'webhook_refused' ? 'refused' : channel.lastWebhookAt ? 'heard' : 'silent'
  return (
    <div role="status" className={classes.waiting} data-state={state}>
      <Icon name={icons[state]} size={24} />
      <span>
        {state === 'heard' ? (
          <>
            <strong>{t('channels.heard')}</strong>{' '}
            {channel.lastWebhookAt && (
              <>
                {t('channels.lastWebhook')}: <When at={channel.lastWebhookAt} />
              </>
            )}
          </>
        ) : state === 'refused' ? (
          t('channels.trouble.webhook_refused')
        ) : (
          <>
            <strong>{t('channels.silent')}</strong>{' '}
            {t('channels.silentMore', { number: `\u2066${channel.number}\u2069` })}
          </>
        )}
      </span>
    </div>
  )
}
