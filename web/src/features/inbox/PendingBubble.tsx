import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import type { PendingReply } from './outbox.ts'
import classes from './Thread.module.css'

/** A reply that is not known to have arrived. */
export function PendingBubble({
  reply,
  onAgain,
  onDiscard,
}: {
  reply: PendingReply
  onAgain: () => void
  onDiscard: () => void
}) {
  const { t } = useTranslation()
  const failed = reply.state === 'failed'
  return (
    <li className={classes.message} data-mine data-first>
      <div className={classes.bubble} data-state={failed ? 'failed' : 'queued'}>
        {reply.file && (
          <p className={classes.text}>
            <Icon name="file" size={16} /> <bdi>{reply.file.name}</bdi>
          </p>
        )}
        {reply.text && (
          <p className={classes.text} dir="auto">
            {reply.text}
          </p>
        )}
        <p className={classes.meta}>
          <Icon name={failed ? 'alert' : 'clock'} size={16} />
          {failed ? t('inbox.notSent') : t('inbox.sending')}
        </p>
      </div>
      {failed && (
        <>
          <ProblemLine error={reply.error} />
          <div className={classes.choices}>
            <Button look="soft" icon="refresh" onClick={onAgain}>
              {t('inbox.sendAgain')}
            </Button>
            <Button look="plain" onClick={onDiscard}>
              {t('inbox.discard')}
            </Button>
          </div>
        </>
      )}
    </li>
  )
}
