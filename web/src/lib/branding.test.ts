import { describe, expect, it } from 'vitest'
import { brandColors, brandingOf, brandVariables, platform } from './branding.ts'
import { contrast, parseHex, type Rgb } from './contrast.ts'

const rgb = (hex: string): Rgb => {
  const color = parseHex(hex)
  if (!color) throw new Error(`not a colour: ${hex}`)
  return color
}

describe('brandColors', () => {
  const brands: string[] = [
    '#009DEB',
    '#000000',
    '#ffffff',
    '#ffff00',
    '#808080',
    '#ff0000',
    '#00ff88',
    '#101820',
    '#f5f7fa',
  ]
  for (let i = 0; i < 64; i++)
    brands.push(`#${((i * 2654435761) >>> 8).toString(16).padStart(6, '0').slice(-6)}`)

  it.each(brands)('keeps every text of %s at 4.5:1 in light and dark', (brand) => {
    for (const [scheme, grounds] of [
      ['light', ['#ffffff', '#f5f7fa']],
      ['dark', ['#121a24', '#0b1118']],
    ] as const) {
      const colors = brandColors(brand, scheme)
      expect(contrast(rgb(colors.fill), rgb(colors.onFill))).toBeGreaterThanOrEqual(4.5)
      expect(contrast(rgb(colors.fillHover), rgb(colors.onFill))).toBeGreaterThanOrEqual(4.5)
      expect(contrast(rgb(colors.soft), rgb(colors.onSoft))).toBeGreaterThanOrEqual(4.5)
      for (const ground of [...grounds, colors.soft])
        expect(contrast(rgb(colors.text), rgb(ground))).toBeGreaterThanOrEqual(4.5)
    }
  })
  it('falls back to the platform for what is no colour', () => {
    expect(brandColors('expression(alert(1))', 'light')).toEqual(brandColors(platform.primary, 'light'))
  })
  it('names a variable of each kind for each scheme', () => {
    expect(Object.keys(brandVariables('#009DEB'))).toHaveLength(12)
  })
})

describe('brandingOf', () => {
  it('reads a tenant', () => {
    const config = {
      branding: { name: 'Harbour Clinic', brand_primary: '#0a7d4f', logo_url: '/routes/branding/logo.png' },
    }
    expect(brandingOf(config)).toEqual({
      name: 'Harbour Clinic',
      primary: '#0a7d4f',
      logoUrl: '/routes/branding/logo.png',
    })
  })
  it.each([
    undefined,
    null,
    7,
    'x',
    {},
    { branding: null },
    { branding: { name: '', brand_primary: 'blue', logo_url: 5 } },
  ])('gives the platform for %j', (config) => expect(brandingOf(config)).toEqual(platform))
  it.each([
    'javascript:alert(1)',
    'http://elsewhere.example/p.png',
    '//elsewhere.example/p.png',
    'data:image/svg+xml,x',
  ])('refuses the address %s for logo and icons', (address) => {
    const branding = brandingOf({
      branding: { logo_url: address, icons: { light: address, dark: '/d.ico' } },
    })
    expect(branding.logoUrl).toBeUndefined()
    expect(branding.icons).toBeUndefined()
  })
})
