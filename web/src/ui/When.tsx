import { useTranslation } from 'react-i18next'
import { useMinute } from '../lib/clock.ts'
import { ago, dateTime } from '../lib/time.ts'

/** A moment: how long ago it was, with its hour on demand; one to come, by its date and hour. */
export function When({ at }: { at: Date }) {
  const { i18n } = useTranslation()
  const now = useMinute()
  const exact = dateTime(at, i18n.language)
  // The clock shows whole minutes: what is less than one ahead of it has just happened.
  const toCome = at.getTime() - now.getTime() >= 60_000
  return (
    <time dateTime={at.toISOString()} title={exact}>
      {toCome ? exact : ago(at, now, i18n.language)}
    </time>
  )
}
