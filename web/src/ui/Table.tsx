import type { ReactNode } from 'react'
import { useWide } from '../lib/wide.ts'
import classes from './Table.module.css'

/** What a row says, by a name. The first column is the row's own name: the title of its card on a phone. */
export type Column<Row> = { head: string; cell: (row: Row) => ReactNode }

type Props<Row> = {
  label: string
  rows: readonly Row[]
  keyOf: (row: Row) => string
  columns: readonly [Column<Row>, ...Column<Row>[]]
  /** What can be done with a row. */
  actions?: (row: Row) => ReactNode
  actionsLabel?: string
}

/** Rows in columns where there is room for them; on a phone, a card for each. */
export function Table<Row>(props: Props<Row>) {
  return useWide() ? <Columns {...props} /> : <Cards {...props} />
}

function Columns<Row>({ label, rows, keyOf, columns, actions, actionsLabel }: Props<Row>) {
  return (
    <table className={classes.table} aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.head} scope="col">
              {column.head}
            </th>
          ))}
          {actions && (
            <th scope="col">
              <span className="visually-hidden">{actionsLabel}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map((column) => (
              <td key={column.head}>{column.cell(row)}</td>
            ))}
            {actions && (
              <td>
                <div className={classes.actions}>{actions(row)}</div>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Cards<Row>({ label, rows, keyOf, columns, actions }: Props<Row>) {
  const [first, ...rest] = columns
  return (
    <ul className={classes.cards} aria-label={label}>
      {rows.map((row) => {
        const can = actions?.(row)
        return (
          <li key={keyOf(row)} className={classes.card}>
            <div className={classes.name}>{first.cell(row)}</div>
            <dl className={classes.facts}>
              {rest.map((column) => (
                <div key={column.head} className={classes.fact}>
                  <dt>{column.head}</dt>
                  <dd>{column.cell(row)}</dd>
                </div>
              ))}
            </dl>
            {can && <div className={classes.actions}>{can}</div>}
          </li>
        )
      })}
    </ul>
  )
}
