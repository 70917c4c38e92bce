import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { preferencesQuery } from '../../api/preferences.ts'
import { speak } from '../../i18n/index.ts'
import { chooseScheme } from '../../lib/scheme.ts'

/** Brings what a person chose in another browser to this one. */
export function usePreferences(slug: string): void {
  const { data } = useQuery(preferencesQuery(slug))
  useEffect(() => {
    if (data?.language) void speak(data.language)
    if (data?.scheme) chooseScheme(data.scheme)
  }, [data])
}
