import { Button as Base } from '@mantine/core'
import type { ComponentPropsWithRef } from 'react'
import { Icon, type IconName } from './Icon.tsx'

const looks = { primary: 'filled', soft: 'light', quiet: 'default', plain: 'subtle' } as const

type Props = Omit<ComponentPropsWithRef<'button'>, 'color' | 'type' | 'className' | 'style'> & {
  /** What it means here: the one thing to do, something helpful, an alternative, or a link-like aside. */
  look?: keyof typeof looks
  danger?: boolean
  busy?: boolean
  icon?: IconName
  wide?: boolean
  submit?: boolean
}

export function Button({
  look = 'quiet',
  danger,
  busy,
  icon,
  wide,
  submit,
  disabled,
  children,
  ...rest
}: Props) {
  return (
    <Base
      variant={looks[look]}
      {...(danger ? { color: 'bad' } : {})}
      loading={busy ?? false}
      leftSection={icon && <Icon name={icon} size={16} />}
      fullWidth={wide ?? false}
      disabled={disabled ?? false}
      type={submit ? 'submit' : 'button'}
      {...rest}
    >
      {children}
    </Base>
  )
}
