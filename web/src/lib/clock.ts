import { useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let minute = Math.floor(Date.now() / 60_000)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    const now = Math.floor(Date.now() / 60_000)
    if (now === minute) return
    minute = now
    for (const one of listeners) one()
  }, 5_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The time, to the minute; the component is drawn again when it changes. */
export function useMinute(): Date {
  const now = useSyncExternalStore(subscribe, () => {
    if (listeners.size === 0) minute = Math.floor(Date.now() / 60_000)
    return minute
  })
  return new Date(now * 60_000)
}
