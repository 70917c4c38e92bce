import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  type Channel,
  channelKeys,
  forgetPreviousSecret,
  renewSecret,
  type Setup,
  type ShownSecret,
} from '../../api/channels.ts'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Sheet } from '../../ui/Sheet.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { AtProvider } from './AtProvider.tsx'
import { SecretState } from './SecretState.tsx'
import { Waiting } from './Waiting.tsx'

/** Where the provider delivers, by what it is believed, and whether it does. */
export function Webhook({
  slug,
  channel,
  setup,
}: {
  slug: string
  channel: Channel
  setup: Setup | undefined
}) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const [secret, setSecret] = useState<ShownSecret>()
  const refresh = () => queries.invalidateQueries({ queryKey: channelKeys.all(slug) })
  const forgetting = useMutation({
    mutationFn: () => forgetPreviousSecret(slug, channel.id),
    onSuccess: refresh,
  })
  return (
    <Panel title={t('channels.webhook')} text={t('channels.webhookMore')}>
      <Waiting channel={channel} />
      <Facts
        facts={[
          [t('channels.webhookSecret'), <SecretState key="secret" fingerprint={channel.webhookSecret} />],
        ]}
      />
      {channel.previousSecret && (
        <Notice
          tone="warn"
          action={
            <Button busy={forgetting.isPending} onClick={() => forgetting.mutate()}>
              {t('channels.forgetPrevious')}
            </Button>
          }
        >
          {t('channels.previousMore')}
        </Notice>
      )}
      {forgetting.error && <ProblemLine error={forgetting.error} />}
      <AtProvider channel={channel} />
      {setup?.invents && (
        <div className={form.actions}>
          <Button icon="refresh" onClick={() => setAsking(true)}>
            {t('channels.renew')}
          </Button>
        </div>
      )}
      {asking && (
        <Confirm
          title={t('channels.renewTitle')}
          act={t('channels.renew')}
          run={async () => {
            setSecret(await renewSecret(slug, channel.id))
            await refresh()
          }}
          onClose={() => setAsking(false)}
        >
          {t('channels.renewMore')}
        </Confirm>
      )}
      <Sheet
        open={secret !== undefined}
        onClose={() => setSecret(undefined)}
        from="middle"
        title={t('channels.newSecret')}
        closeLabel={t('state.close')}
      >
        <div className={form.stack}>
          <AtProvider channel={channel} secret={secret} />
          <div className={form.actions}>
            <Button look="primary" onClick={() => setSecret(undefined)}>
              {t('form.kept')}
            </Button>
          </div>
        </div>
      </Sheet>
    </Panel>
  )
}
