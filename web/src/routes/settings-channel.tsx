import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { channelsQuery } from '../api/channels.ts'
import { mayAdminister } from '../api/me.ts'
import { ChannelView } from '../features/channels/ChannelView.tsx'
import { titleOf } from '../features/channels/words.ts'
import { Loaded } from '../features/shell/Loaded.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Icon } from '../ui/Icon.tsx'
import links from '../ui/links.module.css'
import { Page } from '../ui/Page.tsx'
import { State } from '../ui/State.tsx'

export function ChannelPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const { channel: id } = useParams({ from: '/$slug/settings/channels/$channel' })
  const may = mayAdminister(role)
  const navigate = useNavigate()
  const channels = useQuery({ ...channelsQuery(slug), enabled: may })
  const channel = channels.data?.channels.find((one) => one.id === id)
  return (
    <Page
      title={channel ? titleOf(channel) : t('settings.channels')}
      back={
        <Link to="/$slug/settings/channels" params={{ slug }} search={{}} className={links.back}>
          <Icon name="back" size={16} />
          {t('settings.channels')}
        </Link>
      }
    >
      {may ? (
        <Loaded query={channels}>
          {({ setups }) =>
            channel ? (
              <ChannelView
                slug={slug}
                channel={channel}
                setup={setups.find((one) => one.provider === channel.provider)}
                onDeleted={() =>
                  navigate({
                    to: '/$slug/settings/channels',
                    params: { slug },
                    search: {},
                    replace: true,
                  })
                }
              />
            ) : (
              <State icon="unknown" title={t('state.notFound')}>
                {t('state.notFoundMore')}
              </State>
            )
          }
        </Loaded>
      ) : (
        <Forbidden />
      )}
    </Page>
  )
}
