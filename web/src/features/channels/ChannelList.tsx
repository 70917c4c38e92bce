import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { type Channel, type Channels, channelsQuery } from '../../api/channels.ts'
import { Button } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { State } from '../../ui/State.tsx'
import { When } from '../../ui/When.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import classes from './Channels.module.css'
import { HealthTag } from './HealthTag.tsx'
import { providerNames, titleOf } from './words.ts'

/** The tenant's numbers and how each of them is. */
export function ChannelList({ slug, onConnect }: { slug: string; onConnect: () => void }) {
  const { t } = useTranslation()
  const channels = useQuery(channelsQuery(slug))
  return (
    <Loaded query={channels}>
      {({ channels }: Channels) =>
        channels.length === 0 ? (
          <State
            icon="phone"
            title={t('channels.none')}
            action={
              <Button look="primary" icon="plus" onClick={onConnect}>
                {t('channels.connect')}
              </Button>
            }
          >
            {t('channels.noneMore')}
          </State>
        ) : (
          <ul className={classes.list} aria-label={t('settings.channels')}>
            {channels.map((channel) => (
              <li key={channel.id}>
                <Row slug={slug} channel={channel} />
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  )
}

function Row({ slug, channel }: { slug: string; channel: Channel }) {
  const { t } = useTranslation()
  return (
    <Link
      to="/$slug/settings/channels/$channel"
      params={{ slug, channel: channel.id }}
      className={classes.row}
    >
      <span className={classes.head}>
        <bdi className={classes.name}>{titleOf(channel)}</bdi>
        <HealthTag channel={channel} />
      </span>
      <span className={classes.facts}>
        {channel.name && <bdi dir="ltr">{channel.number}</bdi>}
        <span>{providerNames[channel.provider]}</span>
        <span>{t(`channels.worker.${channel.worker}`)}</span>
        <span>
          {channel.lastInboundAt ? (
            <>
              {t('channels.lastInbound')}: <When at={channel.lastInboundAt} />
            </>
          ) : (
            t('channels.neverInbound')
          )}
        </span>
      </span>
      {channel.trouble && <span className={classes.trouble}>{t(`channels.trouble.${channel.trouble}`)}</span>}
      <span className={classes.go}>
        <Icon name="chevron" size={16} />
      </span>
    </Link>
  )
}
