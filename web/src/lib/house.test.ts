// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { brandVariables } from './branding.ts'
import { askConfig, knownBranding, paintBrand, rememberBranding } from './house.ts'

const icons = { light: '/clinic/light.ico', dark: '/clinic/dark.ico' }
const clinic = { name: 'Harbour Clinic', primary: '#0a7d4f', logoUrl: '/logo.png', icons }

beforeEach(() => localStorage.clear())

describe('askConfig', () => {
  it.each([
    ['', '/config.json'],
    ['acme', '/config.json?tenant_id=acme'],
  ])('asks for the house %j at %s', async (slug, address) => {
    const fetcher = vi.spyOn(globalThis, 'fetch').mockResolvedValue(Response.json({ tenant: slug }))
    expect(await askConfig(slug)).toEqual({ tenant: slug })
    expect(fetcher.mock.calls[0]?.[0]).toBe(address)
  })
  it('fails when the server does', async () => {
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('', { status: 503 }))
    await expect(askConfig('acme')).rejects.toThrow('503')
  })
})

describe('paintBrand', () => {
  it('sets the name and every variable of the brand', () => {
    paintBrand(clinic)
    expect(document.title).toBe('Harbour Clinic')
    for (const [name, value] of Object.entries(brandVariables(clinic.primary)))
      expect(document.documentElement.style.getPropertyValue(name)).toBe(value)
  })
})

describe('the icon in the tab', () => {
  const shown = () =>
    [...document.querySelectorAll('link[rel="icon"]')].map((link) => link.getAttribute('href'))
  it('is the house own for light and dark, and the platform again elsewhere', () => {
    paintBrand(clinic)
    expect(shown()).toEqual(['/clinic/light.ico', '/clinic/dark.ico'])
    paintBrand({ ...clinic, icons: undefined })
    expect(shown()).toEqual(['/light.ico', '/dark.ico'])
  })
})

describe('knownBranding', () => {
  it('keeps each house apart', () => {
    rememberBranding('acme', clinic)
    expect(knownBranding('acme')).toEqual(clinic)
    expect(knownBranding('')).toBeUndefined()
    expect(knownBranding('other')).toBeUndefined()
  })
  it('forgives what somebody else wrote there', () => {
    localStorage.setItem('flomastr.branding', '{half')
    expect(knownBranding('')).toBeUndefined()
  })
})
