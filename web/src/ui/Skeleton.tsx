import classes from './Skeleton.module.css'

const places = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

/** Rows that are on their way. */
export function Skeleton({ rows = 5, label }: { rows?: number; label: string }) {
  return (
    <div role="status" aria-label={label} className={classes.list}>
      {places.slice(0, rows).map((place) => (
        <div key={place} className={classes.row} aria-hidden="true">
          <span className={classes.dot} />
          <span className={classes.lines}>
            <span />
            <span />
          </span>
        </div>
      ))}
    </div>
  )
}
