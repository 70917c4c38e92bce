import { Fragment } from 'react'
import classes from './HeadingPath.module.css'

/** Where in its document a passage stands. */
export function HeadingPath({ path }: { path: readonly string[] }) {
  if (path.length === 0) return null
  return (
    <p className={classes.path}>
      {path.map((heading, depth) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a path is never reordered, and a heading may repeat
        <Fragment key={depth}>
          {depth > 0 && (
            <span aria-hidden="true" className={classes.step}>
              ›
            </span>
          )}
          <bdi>{heading}</bdi>
        </Fragment>
      ))}
    </p>
  )
}
