import { useSyncExternalStore } from 'react'
import { type Branding, brandingOf } from '../lib/branding.ts'
import { askConfig, paintBrand, rememberBranding } from '../lib/house.ts'
import { slugOf } from '../lib/place.ts'

/** The public settings of the server, from /config.json, with the branding of the house that the person is in. */
export type Config = {
  branding: Branding
  tenant: string
  simulator: boolean
  /** Where tenants have their hosts: slug.baseDomain. */
  baseDomain: string
}

export function configOf(wire: unknown): Config {
  const flags = field(wire, 'feature_flags')
  const tenant = field(wire, 'tenant')
  const baseDomain = field(wire, 'base_domain')
  return {
    branding: brandingOf(wire),
    tenant: typeof tenant === 'string' ? tenant : '',
    simulator: field(flags, 'simulator') === true || field(wire, 'simulator') === true,
    baseDomain: typeof baseDomain === 'string' && baseDomain !== '' ? baseDomain : location.hostname,
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

let current: Config = configOf(undefined)
let house = ''
const watchers = new Set<() => void>()

/** Waits for what boot.ts asked for. The app works in the platform's colours when it does not come. */
export async function loadConfig(): Promise<void> {
  house = slugOf(location.pathname)
  current = configOf(await window.flomastrConfig.catch(() => undefined))
}

/** Changes to the look of another house: a tenant's by its slug, the host's own by an empty one. */
export async function enterHouse(slug: string): Promise<void> {
  if (slug === house) return
  house = slug
  const wire = await askConfig(slug).catch(() => undefined)
  if (house !== slug || wire === undefined) return // gone on already, or offline: the old coat is better than none
  current = configOf(wire)
  paintBrand(current.branding)
  rememberBranding(slug, current.branding)
  for (const changed of watchers) changed()
}

/** Asks again what the house looks like, after somebody redecorated it. */
export async function refreshHouse(): Promise<void> {
  const slug = house
  house = ''
  if (slug) await enterHouse(slug)
}

export const config = (): Config => current

/** The settings, followed while they change. */
export const useConfig = (): Config =>
  useSyncExternalStore((changed) => {
    watchers.add(changed)
    return () => watchers.delete(changed)
  }, config)
