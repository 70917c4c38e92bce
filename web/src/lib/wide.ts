import { useSyncExternalStore } from 'react'

// Where a table has room for its columns, and a list for what stands beside it.
const query = () => matchMedia('(min-width: 900px)')

function subscribe(listener: () => void): () => void {
  const media = query()
  media.addEventListener('change', listener)
  return () => media.removeEventListener('change', listener)
}

export const isWide = (): boolean => query().matches

/** Whether the window is wide, followed while it changes. */
export const useWide = (): boolean => useSyncExternalStore(subscribe, isWide)
