import { type Branding, brandingOf, brandVariables, type Icons } from './branding.ts'
import { remember, remembered } from './remember.ts'

// The look of the house that the person is in: a tenant's by its slug, the host's own where the slug is empty. Used by
// boot.ts before the first paint, and by the app when somebody walks from one house to another.

/** Asks the server for its public settings, with the branding of this tenant. */
export async function askConfig(slug: string): Promise<unknown> {
  const address = slug ? `/config.json?tenant_id=${encodeURIComponent(slug)}` : '/config.json'
  const answer = await fetch(address, { headers: { Accept: 'application/json' } })
  if (!answer.ok) throw new Error(`config.json answered ${answer.status}`)
  return answer.json()
}

/** Puts a brand's colours, name and icons on the page. */
export function paintBrand(branding: Branding): void {
  for (const [name, value] of Object.entries(brandVariables(branding.primary)))
    document.documentElement.style.setProperty(name, value)
  document.title = branding.name
  paintIcons(branding.icons ?? { light: '/light.ico', dark: '/dark.ico' })
}

function paintIcons(icons: Icons): void {
  for (const scheme of ['light', 'dark'] as const) {
    const media = `(prefers-color-scheme: ${scheme})`
    let link = document.head.querySelector<HTMLLinkElement>(`link[rel="icon"][media="${media}"]`)
    if (!link) {
      link = document.createElement('link')
      link.rel = 'icon'
      link.media = media
      document.head.append(link)
    }
    link.href = icons[scheme]
  }
}

const cupboard = (slug: string) => (slug ? (`branding.${slug}` as const) : 'branding')

/** What this house looked like at the last visit. */
export function knownBranding(slug: string): Branding | undefined {
  const known = remembered(cupboard(slug))
  if (!known) return undefined
  try {
    return brandingOf(JSON.parse(known))
  } catch {
    return undefined // Somebody else wrote there; the answer of the server will mend it.
  }
}

export function rememberBranding(slug: string, { name, primary, logoUrl, icons }: Branding): void {
  const branding = { name, brand_primary: primary, logo_url: logoUrl, icons }
  remember(cupboard(slug), JSON.stringify({ branding }))
}
