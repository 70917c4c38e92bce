import { type ReactNode, useId } from 'react'
import classes from './Panel.module.css'

type Props = { title?: string; text?: ReactNode; action?: ReactNode; danger?: boolean; children?: ReactNode }

/** One matter of a page, on its own ground. */
export function Panel({ title, text, action, danger, children }: Props) {
  const id = useId()
  return (
    <section className={classes.panel} aria-labelledby={title && id} data-danger={danger || undefined}>
      {(title || action) && (
        <header className={classes.head}>
          {title && (
            <h2 id={id} className={classes.title}>
              {title}
            </h2>
          )}
          {action}
        </header>
      )}
      {text && <p className={classes.text}>{text}</p>}
      {children}
    </section>
  )
}
