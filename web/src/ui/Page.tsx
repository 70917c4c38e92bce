import type { ReactNode } from 'react'
import classes from './Page.module.css'

type Props = { title: string; lead?: ReactNode; back?: ReactNode; action?: ReactNode; children: ReactNode }

/** A page of reading and forms: it scrolls, and its lines stay short enough to read. */
export function Page({ title, lead, back, action, children }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <div className={classes.frame} tabIndex={0}>
      <div className={classes.page}>
        {back}
        <header className={classes.head}>
          <h1 className={classes.title}>
            <bdi>{title}</bdi>
          </h1>
          {lead && <div className={classes.lead}>{lead}</div>}
          {action && <div className={classes.action}>{action}</div>}
        </header>
        {children}
      </div>
    </div>
  )
}
