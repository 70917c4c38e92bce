import type { ReactNode } from 'react'
import { Icon, type IconName } from './Icon.tsx'
import classes from './State.module.css'

type Props = {
  icon: IconName
  title: string
  children?: ReactNode
  /** What a person can do about it. */
  action?: ReactNode
  tone?: 'plain' | 'bad'
  /** It came about by itself, so it is read out. */
  live?: boolean
  /** It is the page, not a part of one. */
  page?: boolean
}

/** What stands where the content would be: empty, failed, forbidden, offline. */
export function State({ icon, title, children, action, tone = 'plain', live, page }: Props) {
  const Title = page ? 'h1' : 'p'
  return (
    <div
      className={classes.state}
      data-tone={tone}
      data-page={page || undefined}
      role={live ? 'alert' : undefined}
    >
      <span className={classes.icon}>
        <Icon name={icon} size={24} />
      </span>
      <Title className={classes.title}>{title}</Title>
      {children && <div className={classes.text}>{children}</div>}
      {action && <div className={classes.action}>{action}</div>}
    </div>
  )
}
