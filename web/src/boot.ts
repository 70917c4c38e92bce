// Runs in the head, before anything is painted: light or dark, language and direction, and the brand's colours. It is a
// classic script of a few hundred bytes (see build/boot.ts); everything it decides is an attribute or a CSS variable.
import { type Branding, brandingOf, brandVariables } from './lib/branding.ts'
import { directionOf, preferredLanguage } from './lib/language.ts'
import { remember, remembered } from './lib/remember.ts'

const page = document.documentElement

// A frozen first paint is worse than one in the platform's colours.
const patience = 1200

function paintScheme(): void {
  const choice = remembered('scheme')
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  page.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
}

function paintBrand(branding: Branding): void {
  for (const [name, value] of Object.entries(brandVariables(branding.primary)))
    page.style.setProperty(name, value)
  document.title = branding.name
}

paintScheme()

const language = preferredLanguage(remembered('language'), navigator.languages)
page.lang = language
page.dir = directionOf(language)

// The page that is on its way, so that its frame can be painted from index.html.
page.dataset.frame = location.pathname === '/' || location.pathname === '/sign-in' ? 'front' : 'work'

const known = remembered('branding')
if (known) {
  try {
    paintBrand(brandingOf(JSON.parse(known)))
  } catch {
    // Somebody else wrote there; the answer of the server will mend it.
  }
} else {
  page.dataset.brand = 'awaited'
}

window.flomastrConfig = fetch('/config.json', { headers: { Accept: 'application/json' } })
  .then((answer) =>
    answer.ok ? answer.json() : Promise.reject(new Error(`config.json answered ${answer.status}`)),
  )
  .then((config: unknown) => {
    const branding = brandingOf(config)
    paintBrand(branding)
    remember(
      'branding',
      JSON.stringify({
        branding: { name: branding.name, brand_primary: branding.primary, logo_url: branding.logoUrl },
      }),
    )
    return config
  })
  .finally(() => delete page.dataset.brand)
window.flomastrConfig.catch(() => undefined) // main.tsx waits for it and says what is wrong
setTimeout(() => delete page.dataset.brand, patience)
