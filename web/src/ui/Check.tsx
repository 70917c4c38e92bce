import { type ComponentPropsWithRef, type ReactNode, useId } from 'react'
import classes from './Check.module.css'

type Props = Omit<ComponentPropsWithRef<'input'>, 'type' | 'className' | 'style' | 'id' | 'onChange'> & {
  label: ReactNode
  more?: ReactNode
  onChange: (checked: boolean) => void
}

/** One yes or no. The whole line can be touched. */
export function Check({ label, more, onChange, ...rest }: Props) {
  const id = useId()
  return (
    <label className={classes.line} htmlFor={id}>
      <input
        id={id}
        type="checkbox"
        className={classes.box}
        onChange={(event) => onChange(event.currentTarget.checked)}
        {...rest}
      />
      <span className={classes.words}>
        <span>{label}</span>
        {more && <span className={classes.more}>{more}</span>}
      </span>
    </label>
  )
}
