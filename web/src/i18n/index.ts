import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { directionOf, type Language, preferredLanguage } from '../lib/language.ts'
import { remember, remembered } from '../lib/remember.ts'
import type en from './en.json'

/** The texts of a language; English has the shape that all others must have (texts.test.ts holds them to it). */
export type Texts = typeof en

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: Texts }
  }
}

const loaders: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import('./en.json'),
  ar: () => import('./ar.json'),
  es: () => import('./es.json'),
  pt: () => import('./pt.json'),
  hi: () => import('./hi.json'),
}

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'translation')) return
  const texts = await loaders[language]()
  i18next.addResourceBundle(language, 'translation', texts.default)
}

/** Makes the texts of the preferred language ready. Only that language is loaded. */
export async function startTexts(
  language: Language = preferredLanguage(remembered('language'), navigator.languages),
): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: {},
    fallbackLng: false,
    interpolation: { escapeValue: false }, // React escapes
    react: { useSuspense: false },
  })
  await load(language)
  await i18next.changeLanguage(language)
}

/** Changes the language of the page, its direction included, and remembers it. */
export async function speak(language: Language): Promise<void> {
  await load(language)
  remember('language', language)
  document.documentElement.lang = language
  document.documentElement.dir = directionOf(language)
  await i18next.changeLanguage(language)
}
