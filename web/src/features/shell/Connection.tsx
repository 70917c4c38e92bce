import { useEffect, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import type { LineState } from '../../api/events.ts'
import { Icon } from '../../ui/Icon.tsx'
import classes from './Connection.module.css'

// A line that comes back within this time was never worth a word.
const patience = 1500

function subscribe(listener: () => void): () => void {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}

/** Says when what is on the screen may be old. Silent while all is well. */
export function Connection({ state }: { state: LineState }) {
  const { t } = useTranslation()
  const online = useSyncExternalStore(subscribe, () => navigator.onLine)
  const [late, setLate] = useState(false)
  const bad = state !== 'live'
  useEffect(() => {
    if (!bad) return
    const timer = setTimeout(() => setLate(true), patience)
    return () => {
      clearTimeout(timer)
      setLate(false)
    }
  }, [bad])
  const shown = !online || (bad && late)
  const text = !online
    ? t('connection.offline')
    : state === 'retrying'
      ? t('connection.retrying')
      : t('connection.connecting')
  return (
    <div role="status" className={classes.place}>
      {shown && (
        <p className={classes.notice}>
          <Icon name="wifiOff" size={16} />
          {text}
        </p>
      )}
    </div>
  )
}
