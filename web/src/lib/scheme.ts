import { useSyncExternalStore } from 'react'
import { forget, remember, remembered } from './remember.ts'

/** Light or dark: what was chosen, and what it comes to now. */
export type SchemeChoice = 'auto' | 'light' | 'dark'

const listeners = new Set<() => void>()
const system = () => matchMedia('(prefers-color-scheme: dark)')

export function schemeChoice(): SchemeChoice {
  const choice = remembered('scheme')
  return choice === 'light' || choice === 'dark' ? choice : 'auto'
}

function resolved(): 'light' | 'dark' {
  const choice = schemeChoice()
  if (choice !== 'auto') return choice
  return system().matches ? 'dark' : 'light'
}

export function chooseScheme(choice: SchemeChoice): void {
  if (choice === 'auto') forget('scheme')
  else remember('scheme', choice)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  const query = system()
  listeners.add(listener)
  query.addEventListener('change', listener)
  return () => {
    listeners.delete(listener)
    query.removeEventListener('change', listener)
  }
}

export const useScheme = () => useSyncExternalStore(subscribe, resolved)
export const useSchemeChoice = () => useSyncExternalStore(subscribe, schemeChoice)
