import { useTranslation } from 'react-i18next'
import type { MessageState as State } from '../../api/conversations.ts'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import classes from './MessageState.module.css'

const icons: Record<Exclude<State, 'received'>, IconName> = {
  queued: 'clock',
  dispatched: 'check',
  delivered: 'checks',
  read: 'checks',
  failed: 'alert',
  unknown: 'unknown',
}

/** How far a message of ours got, as ticks for the eye and as a word for everybody else. */
export function MessageState({ state }: { state: State }) {
  const { t } = useTranslation()
  if (state === 'received') return null
  const word = t(`message.${state}`)
  return (
    <span className={classes.state} data-state={state} title={word}>
      <Icon name={icons[state]} size={16} />
      <span className={state === 'failed' || state === 'unknown' ? undefined : 'visually-hidden'}>
        {word}
      </span>
    </span>
  )
}
