import type { LocalizationResource } from '@clerk/react/types'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Language } from '../../lib/language.ts'

type Loader = () => Promise<LocalizationResource>

// Clerk speaks English by itself.
const loaders: Partial<Record<Language, Loader>> = {
  ar: async () => (await import('@clerk/localizations/ar-SA')).arSA,
  es: async () => (await import('@clerk/localizations/es-ES')).esES,
  pt: async () => (await import('@clerk/localizations/pt-BR')).ptBR,
  hi: async () => (await import('@clerk/localizations/hi-IN')).hiIN,
}

/** Clerk's own words in the language of the page, once they are here; undefined for English. */
export function useClerkTexts(): LocalizationResource | undefined {
  const { i18n } = useTranslation()
  const language = i18n.language as Language
  const [texts, setTexts] = useState<LocalizationResource>()
  useEffect(() => {
    let wanted = true
    const load = loaders[language] ?? (async () => undefined)
    void load().then(
      (one) => wanted && setTexts(one),
      () => undefined, // English is better than no sign-in
    )
    return () => {
      wanted = false
    }
  }, [language])
  return texts
}
