import { contrast, luminance, mix, parseHex, type Rgb, readable, toHex } from './contrast.ts'

/** What a tenant, or else the platform, looks like: the part of /config.json that matters before the first paint. */
export type Branding = {
  name: string
  primary: string
  logoUrl: string | undefined
  icons?: Icons | undefined
}

/** The icon in the tab, for light and for dark surroundings. */
export type Icons = { light: string; dark: string }

export const platform: Branding = { name: 'FloMastr', primary: '#009DEB', logoUrl: undefined }

// The two backgrounds of each scheme; ui/tokens.css has the same values.
const grounds = {
  light: { surface: [255, 255, 255] as Rgb, canvas: [245, 247, 250] as Rgb, ink: [13, 27, 42] as Rgb },
  dark: { surface: [18, 26, 36] as Rgb, canvas: [11, 17, 24] as Rgb, ink: [232, 238, 244] as Rgb },
}
const white: Rgb = [255, 255, 255]
const night: Rgb = [7, 18, 30]

/** The colours that a scheme derives from one brand colour. */
export type BrandColors = {
  fill: string
  fillHover: string
  onFill: string
  text: string
  soft: string
  onSoft: string
}

/** Derives every brand colour of a scheme; each text reaches 4.5:1 on the ground it is used on. */
export function brandColors(primary: string, scheme: 'light' | 'dark'): BrandColors {
  const brand = parseHex(primary) ?? (parseHex(platform.primary) as Rgb)
  const { surface, canvas } = grounds[scheme]
  // A bright colour (yellow, lime) keeps its character under dark letters; all others are darkened under white ones.
  const bright = luminance(brand) > 0.45
  const onFill = bright ? night : white
  const fill = readable(brand, [onFill])
  const fillHover = readable(mix(fill, bright ? white : night, 0.14), [onFill])
  const soft = mix(surface, brand, scheme === 'light' ? 0.1 : 0.2)
  return {
    fill: toHex(fill),
    fillHover: toHex(fillHover),
    onFill: toHex(onFill),
    text: toHex(readable(brand, [surface, canvas, soft])),
    soft: toHex(soft),
    onSoft: toHex(readable(contrast(brand, soft) > 3 ? brand : mix(brand, grounds[scheme].ink, 0.5), [soft])),
  }
}

/** The CSS variables of both schemes, by name. */
export function brandVariables(primary: string): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const scheme of ['light', 'dark'] as const) {
    const colors = brandColors(primary, scheme)
    variables[`--brand-fill-${scheme}`] = colors.fill
    variables[`--brand-fill-hover-${scheme}`] = colors.fillHover
    variables[`--brand-on-fill-${scheme}`] = colors.onFill
    variables[`--brand-text-${scheme}`] = colors.text
    variables[`--brand-soft-${scheme}`] = colors.soft
    variables[`--brand-on-soft-${scheme}`] = colors.onSoft
  }
  return variables
}

/** Reads the branding out of a /config.json of unknown shape; whatever is missing or odd is the platform's. */
export function brandingOf(config: unknown): Branding {
  const part = field(config, 'branding')
  const name = field(part, 'name')
  const primary = field(part, 'brand_primary')
  const icons = field(part, 'icons')
  const light = ours(field(icons, 'light'))
  const dark = ours(field(icons, 'dark'))
  return {
    name: typeof name === 'string' && name !== '' ? name : platform.name,
    primary: typeof primary === 'string' && parseHex(primary) ? primary : platform.primary,
    logoUrl: ours(field(part, 'logo_url')),
    icons: light && dark ? { light, dark } : undefined,
  }
}

/** Only our own origin or https: an address from a tenant must not become a script or a tracker over plain http. */
function ours(address: unknown): string | undefined {
  return typeof address === 'string' && /^(\/[^/]|https:\/\/)/.test(address) ? address : undefined
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
