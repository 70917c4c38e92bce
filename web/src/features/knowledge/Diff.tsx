import { useMemo } from 'react'
import { diffLines } from '../../lib/diff.ts'
import classes from './Versions.module.css'

/** Two texts as one, line by line: what is gone, what is new, what stayed. */
export function Diff({ before, after }: { before: string; after: string }) {
  // Lines have no names; they never move within one comparison.
  const lines = useMemo(
    () => diffLines(before, after).map((line, place) => ({ ...line, key: place })),
    [before, after],
  )
  return (
    <div className={classes.text} dir="auto">
      {lines.map(({ key, kind, text }) =>
        kind === 'same' ? (
          <p key={key}>{text}</p>
        ) : kind === 'gone' ? (
          <del key={key}>{text}</del>
        ) : (
          <ins key={key}>{text}</ins>
        ),
      )}
    </div>
  )
}
