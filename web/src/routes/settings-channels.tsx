import { useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { Alerts } from '../features/alerts/Alerts.tsx'
import { ChannelList } from '../features/channels/ChannelList.tsx'
import { Connect } from '../features/channels/Connect.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Button } from '../ui/Button.tsx'
import { Page } from '../ui/Page.tsx'
import { Sheet } from '../ui/Sheet.tsx'

export function ChannelsPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const { form } = useSearch({ from: '/$slug/settings/channels' })
  const navigate = useNavigate({ from: '/$slug/settings/channels' })
  const may = mayAdminister(role)
  const open = (form: 'connect' | undefined) => void navigate({ search: form ? { form } : {} })
  return (
    <Page
      title={t('settings.channels')}
      lead={t('channels.lead')}
      action={
        may && (
          <Button look="primary" icon="plus" onClick={() => open('connect')}>
            {t('channels.connect')}
          </Button>
        )
      }
    >
      {may ? (
        <>
          <ChannelList slug={slug} onConnect={() => open('connect')} />
          <Alerts slug={slug} />
        </>
      ) : (
        <Forbidden />
      )}
      <Sheet
        open={may && form === 'connect'}
        onClose={() => form && open(undefined)}
        title={t('channels.connect')}
        closeLabel={t('state.close')}
      >
        <Connect
          slug={slug}
          onDone={(channel) =>
            void navigate({ to: '/$slug/settings/channels/$channel', params: { slug, channel: channel.id } })
          }
        />
      </Sheet>
    </Page>
  )
}
