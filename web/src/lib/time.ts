// Times as people say them, in the language of the page.

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The hour of today, the weekday of this week, the date before that: what a list of conversations shows. */
export function listTime(at: Date, now: Date, language: string): string {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate())
  if (at >= midnight)
    return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(at)
  if (midnight.getTime() - at.getTime() < 6 * day)
    return new Intl.DateTimeFormat(language, { weekday: 'short' }).format(at)
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const)
  return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', ...year }).format(at)
}

export function clockTime(at: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(at)
}

export function dayName(at: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' }).format(at)
}

/** "3 minutes ago", in the largest unit that is at least one. */
export function ago(at: Date, now: Date, language: string): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const past = Math.max(0, now.getTime() - at.getTime())
  if (past < minute) return format.format(0, 'second')
  if (past < hour) return format.format(-Math.floor(past / minute), 'minute')
  if (past < day) return format.format(-Math.floor(past / hour), 'hour')
  return format.format(-Math.floor(past / day), 'day')
}

/** What is left of a span, in hours, or in minutes within the last two hours. Never more than is really left. */
export function span(left: number, language: string): string {
  const [value, unit] =
    left >= 2 * hour ? [Math.floor(left / hour), 'hour'] : [Math.max(0, Math.floor(left / minute)), 'minute']
  return new Intl.NumberFormat(language, { style: 'unit', unit: String(unit), unitDisplay: 'short' }).format(
    Number(value),
  )
}

/** A day and its hour, in full: when something was done, or ends. */
export function dateTime(at: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(at)
}
