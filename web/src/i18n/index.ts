import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { directionOf, type Language, preferredLanguage } from '../lib/language.ts'
import { remember, remembered } from '../lib/remember.ts'
import type channels from './channels/en.json'
import type en from './en.json'
import type manage from './manage/en.json'

/** The texts of a language; English has the shape that all others must have (texts.test.ts holds them to it). */
export type Texts = typeof en & typeof manage & typeof channels

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: Texts }
  }
}

type Loader = () => Promise<{ default: object }>

// Who answers customers from a phone does not wait for the words of the administration.
const parts = {
  start: {
    en: () => import('./en.json'),
    ar: () => import('./ar.json'),
    es: () => import('./es.json'),
    pt: () => import('./pt.json'),
    hi: () => import('./hi.json'),
  },
  manage: {
    en: () => import('./manage/en.json'),
    ar: () => import('./manage/ar.json'),
    es: () => import('./manage/es.json'),
    pt: () => import('./manage/pt.json'),
    hi: () => import('./manage/hi.json'),
  },
  channels: {
    en: () => import('./channels/en.json'),
    ar: () => import('./channels/ar.json'),
    es: () => import('./channels/es.json'),
    pt: () => import('./channels/pt.json'),
    hi: () => import('./channels/hi.json'),
  },
} satisfies Record<string, Record<Language, Loader>>

type Part = keyof typeof parts
const needed = new Set<Part>(['start'])
const loaded = new Set<string>()

async function load(language: Language): Promise<void> {
  await Promise.all(
    [...needed].map(async (part) => {
      const name = `${part}.${language}`
      if (loaded.has(name)) return
      const texts = await parts[part][language]()
      i18next.addResourceBundle(language, 'translation', texts.default, true)
      loaded.add(name)
    }),
  )
}

/** Makes a part of the texts ready, in the language of the page and in each that is chosen later. */
export async function needTexts(part: Part): Promise<void> {
  needed.add(part)
  await load(i18next.language as Language)
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
