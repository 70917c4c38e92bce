import type { ComponentPropsWithRef } from 'react'
import { Icon, type IconName } from './Icon.tsx'
import classes from './IconButton.module.css'

type Props = Omit<ComponentPropsWithRef<'button'>, 'className' | 'style' | 'aria-label' | 'type'> & {
  icon: IconName
  /** What it does, for the tooltip and for a screen reader. */
  label: string
  look?: 'plain' | 'filled'
  submit?: boolean
}

export function IconButton({ icon, label, look = 'plain', submit, ...rest }: Props) {
  return (
    <button
      type={submit ? 'submit' : 'button'}
      className={classes.button}
      data-look={look}
      aria-label={label}
      title={label}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  )
}
