import { TextInput } from '@mantine/core'
import { parseHex } from '../lib/contrast.ts'
import classes from './ColorField.module.css'

type Props = {
  label: string
  pickLabel: string
  /** What is meant by an empty value. */
  fallback: string
  value: string
  onChange: (value: string) => void
  readOnly?: boolean
  error?: string | undefined
}

/** A colour, typed as #RRGGBB or picked. */
export function ColorField({ label, pickLabel, fallback, value, onChange, readOnly, error }: Props) {
  return (
    <div className={classes.field}>
      <TextInput
        label={label}
        dir="ltr"
        placeholder={fallback.toUpperCase()}
        maxLength={7}
        pattern="#[0-9a-fA-F]{6}"
        readOnly={readOnly ?? false}
        error={error}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
      />
      <input
        type="color"
        aria-label={pickLabel}
        className={classes.pick}
        disabled={readOnly}
        value={parseHex(value) ? value : fallback}
        onChange={(event) => onChange(event.currentTarget.value.toUpperCase())}
      />
    </div>
  )
}
