import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Channel, changeChannel, channelKeys, deleteChannel, type Setup } from '../../api/channels.ts'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { ChannelErrors } from './ChannelErrors.tsx'
import { ChannelSettings } from './ChannelSettings.tsx'
import { HealthTag } from './HealthTag.tsx'
import { TestCredentials } from './TestCredentials.tsx'
import { TroubleNotice } from './TroubleNotice.tsx'
import { Webhook } from './Webhook.tsx'
import { providerNames, titleOf } from './words.ts'

type Props = { slug: string; channel: Channel; setup: Setup | undefined; onDeleted: () => Promise<void> }

/** One number: how it is, what it is told and tells, and its end. */
export function ChannelView({ slug, channel, setup, onDeleted }: Props) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [pausing, setPausing] = useState(false)
  const [deleting, setDeleting] = useState(false)
  const refresh = () => queries.invalidateQueries({ queryKey: channelKeys.all(slug) })
  const pause = async (paused: boolean) => {
    await changeChannel(slug, channel.id, { paused })
    await refresh()
  }
  const resuming = useMutation({ mutationFn: () => pause(false) })
  const title = titleOf(channel)
  return (
    <div className={form.stack}>
      <Panel title={t('channels.state')} action={<HealthTag channel={channel} />}>
        <TroubleNotice channel={channel} />
        <Facts
          facts={[
            [
              t('channels.number'),
              <bdi key="number" dir="ltr">
                {channel.number}
              </bdi>,
            ],
            [t('channels.providerName'), providerNames[channel.provider]],
            [
              t('channels.lastInbound'),
              channel.lastInboundAt ? <When key="in" at={channel.lastInboundAt} /> : t('channels.never'),
            ],
            [
              t('channels.lastError'),
              channel.lastError && (
                <span key="error">
                  <span dir="auto">{channel.lastError.text}</span> · <When at={channel.lastError.at} />
                </span>
              ),
            ],
          ]}
        />
        <TestCredentials slug={slug} id={channel.id} />
        {resuming.error && <ProblemLine error={resuming.error} />}
        <div className={form.actions}>
          {channel.paused ? (
            <Button look="primary" busy={resuming.isPending} onClick={() => resuming.mutate()}>
              {t('channels.resume')}
            </Button>
          ) : (
            <Button onClick={() => setPausing(true)}>{t('channels.pause')}</Button>
          )}
        </div>
      </Panel>
      <Webhook slug={slug} channel={channel} setup={setup} />
      {setup && <ChannelSettings key={channel.id} slug={slug} channel={channel} setup={setup} />}
      <ChannelErrors slug={slug} id={channel.id} />
      <Panel danger title={t('channels.delete')} text={t('channels.deleteMore')}>
        <div className={form.actions}>
          <Button danger icon="trash" onClick={() => setDeleting(true)}>
            {t('channels.delete')}
          </Button>
        </div>
      </Panel>
      {pausing && (
        <Confirm
          title={t('channels.pauseTitle', { name: title })}
          act={t('channels.pause')}
          run={() => pause(true)}
          onClose={() => setPausing(false)}
        >
          {t('channels.pauseMore')}
        </Confirm>
      )}
      {deleting && (
        <Confirm
          title={t('channels.deleteTitle', { name: title })}
          act={t('channels.delete')}
          danger
          typed={channel.number}
          run={async () => {
            await deleteChannel(slug, channel.id)
            await onDeleted() // what this page shows of it must not be asked for again
            await refresh()
          }}
          onClose={() => setDeleting(false)}
        >
          {t('channels.deleteConsequences')}
        </Confirm>
      )}
    </div>
  )
}
