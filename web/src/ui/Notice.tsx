import type { ReactNode } from 'react'
import { Icon, type IconName } from './Icon.tsx'
import classes from './Notice.module.css'

type Tone = 'accent' | 'ok' | 'warn' | 'bad'
const icons: Record<Tone, IconName> = { accent: 'lightbulb', ok: 'check', warn: 'alert', bad: 'alert' }

/** A sentence that somebody on this page must know. A live one is read out when it comes. */
export function Notice({
  tone = 'accent',
  live,
  action,
  children,
}: {
  tone?: Tone
  live?: boolean
  action?: ReactNode
  children: ReactNode
}) {
  return (
    <div className={classes.notice} data-tone={tone} role={live ? 'status' : undefined}>
      <Icon name={icons[tone]} />
      <div className={classes.text}>{children}</div>
      {action}
    </div>
  )
}
