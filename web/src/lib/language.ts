/** The languages of the app, in the order of the menu. */
export const languages = ['en', 'ar', 'es', 'pt', 'hi'] as const
export type Language = (typeof languages)[number]

/** Each language by its own name, as a person looks for it in a menu. */
export const languageNames: Record<Language, string> = {
  en: 'English',
  ar: 'العربية',
  es: 'Español',
  pt: 'Português',
  hi: 'हिन्दी',
}

const isLanguage = (text: string): text is Language => (languages as readonly string[]).includes(text)

/** The language that was chosen, else the first of the browser's that we speak, else English. */
export function preferredLanguage(chosen: string | undefined, wanted: readonly string[]): Language {
  if (chosen && isLanguage(chosen)) return chosen
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0] ?? ''
    if (isLanguage(base)) return base
  }
  return 'en'
}

export function directionOf(language: Language): 'ltr' | 'rtl' {
  return language === 'ar' ? 'rtl' : 'ltr'
}
