// Runs in the head, before anything is painted: light or dark, language and direction, and the brand's colours. It is a
// classic script of a few hundred bytes (see build/boot.ts); everything it decides is an attribute or a CSS variable.
import { brandingOf } from './lib/branding.ts'
import { askConfig, knownBranding, paintBrand, rememberBranding } from './lib/house.ts'
import { directionOf, preferredLanguage } from './lib/language.ts'
import { slugOf } from './lib/place.ts'
import { remembered } from './lib/remember.ts'

const page = document.documentElement

// A frozen first paint is worse than one in the platform's colours.
const patience = 1200

function paintScheme(): void {
  const choice = remembered('scheme')
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  page.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
}

paintScheme()

const language = preferredLanguage(remembered('language'), navigator.languages)
page.lang = language
page.dir = directionOf(language)

// The page that is on its way, so that its frame can be painted from index.html.
page.dataset.frame = location.pathname === '/' || location.pathname === '/sign-in' ? 'front' : 'work'

// A tenant's page wears the tenant's colours from the first paint, on whatever host it is opened.
const slug = slugOf(location.pathname)
const known = knownBranding(slug)
if (known) paintBrand(known)
else page.dataset.brand = 'awaited'

window.flomastrConfig = askConfig(slug)
  .then((config) => {
    const branding = brandingOf(config)
    paintBrand(branding)
    rememberBranding(slug, branding)
    return config
  })
  .finally(() => delete page.dataset.brand)
window.flomastrConfig.catch(() => undefined) // main.tsx waits for it and says what is wrong
setTimeout(() => delete page.dataset.brand, patience)
