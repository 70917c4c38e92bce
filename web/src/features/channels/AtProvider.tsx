import { useTranslation } from 'react-i18next'
import type { Channel, ShownSecret } from '../../api/channels.ts'
import { CopyField } from '../../ui/CopyField.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { useCopyWords } from '../shell/words.ts'
import classes from './Channels.module.css'

// What is clicked at each provider, in order.
const steps = {
  infobip: ['infobip1', 'infobip2', 'infobip3', 'infobip4'],
  meta: ['meta1', 'meta2', 'meta3'],
  twilio: ['twilio1', 'twilio2', 'twilio3'],
} as const satisfies Record<Channel['provider'], readonly string[]>

/** What has to be entered at the provider, and where to click there. The secret is known only while it is new. */
export function AtProvider({ channel, secret }: { channel: Channel; secret?: ShownSecret }) {
  const { t } = useTranslation()
  const words = useCopyWords()
  const number = `\u2066${channel.number}\u2069`
  return (
    <div className={form.stack}>
      <CopyField label={t('channels.webhookUrl')} value={channel.webhookUrl} words={words} />
      {secret && <Notice tone="warn">{t('channels.once')}</Notice>}
      {secret?.kind === 'header' && (
        <>
          <CopyField label={t('channels.headerName')} value={secret.name} words={words} />
          <CopyField label={t('channels.headerValue')} value={secret.value} words={words} />
        </>
      )}
      {secret?.kind === 'basic' && (
        <>
          <CopyField label={t('channels.username')} value={secret.username} words={words} />
          <CopyField label={t('channels.password')} value={secret.password} words={words} />
        </>
      )}
      {secret?.kind === 'verify_token' && (
        <CopyField label={t('channels.verifyToken')} value={secret.token} words={words} />
      )}
      <h3 className={classes.sub}>{t('channels.whatToClick')}</h3>
      <ol className={classes.steps}>
        {steps[channel.provider].map((step) => (
          <li key={step}>{t(`channels.step.${step}`, { number })}</li>
        ))}
        <li>{t('channels.step.write', { number })}</li>
      </ol>
    </div>
  )
}
