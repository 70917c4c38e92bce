import classes from './Bar.module.css'

type Props = {
  /** 0 to 1; without it, it is going on and nobody knows how far. */
  value?: number | undefined
  label: string
  tone?: 'accent' | 'ok' | 'bad'
  /** A figure (a score) rather than something under way. */
  meter?: boolean
}

/** How much, as a bar. An SVG, because a strict Content-Security-Policy forbids a width in the markup. */
export function Bar({ value, label, tone = 'accent', meter }: Props) {
  const percent = value === undefined ? undefined : Math.round(Math.min(1, Math.max(0, value)) * 100)
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles take a name; the rule does not read a condition
    <div
      className={classes.bar}
      data-tone={tone}
      data-running={percent === undefined || undefined}
      role={meter ? 'meter' : 'progressbar'}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <svg width="100%" height="100%" preserveAspectRatio="none" viewBox="0 0 100 1" aria-hidden="true">
        <rect width={percent ?? 35} height="1" />
      </svg>
    </div>
  )
}
