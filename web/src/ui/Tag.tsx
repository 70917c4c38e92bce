import type { ReactNode } from 'react'
import { Icon, type IconName } from './Icon.tsx'
import classes from './Tag.module.css'

export type Tone = 'plain' | 'accent' | 'ok' | 'warn' | 'bad'

/** A state in one word. The tone repeats what the word says; it never says it alone. */
export function Tag({
  tone = 'plain',
  icon,
  children,
}: {
  tone?: Tone
  icon?: IconName
  children: ReactNode
}) {
  return (
    <span className={classes.tag} data-tone={tone}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </span>
  )
}
