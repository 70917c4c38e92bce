import { useSyncExternalStore } from 'react'
import { type Branding, brandingOf } from '../lib/branding.ts'
import { askConfig, paintBrand, rememberBranding } from '../lib/house.ts'
import { slugOf } from '../lib/place.ts'
import type { Provider } from './source.ts'

/** The public settings of the server, from /config.json, with the branding of the house that the person is in. */
export type Config = {
  branding: Branding
  tenant: string
  simulator: boolean
  /** Where tenants have their hosts: slug.baseDomain. */
  baseDomain: string
  /** How people may sign in here. None: with an issuer that has no page of its own here. */
  providers: readonly Provider[]
  /** What knowledge is read from: the words of policies, and how names of such files end. */
  fileTypes: readonly FileType[]
  /** The most bytes that the server takes in one upload, whatever a tenant's policies allow. */
  maxUpload: number
  /** What Clerk's components need; only where people may sign in with Clerk. */
  clerk: ClerkConfig | undefined
}

export type FileType = { name: string; endings: readonly string[] }
export type ClerkConfig = { publishableKey: string; frontendApi: string }

export function configOf(wire: unknown): Config {
  const flags = field(wire, 'feature_flags')
  const tenant = field(wire, 'tenant')
  const baseDomain = field(wire, 'base_domain')
  const maxUpload = field(wire, 'max_upload_bytes')
  return {
    branding: brandingOf(wire),
    tenant: typeof tenant === 'string' ? tenant : '',
    simulator: field(flags, 'simulator') === true || field(wire, 'simulator') === true,
    baseDomain: typeof baseDomain === 'string' && baseDomain !== '' ? baseDomain : location.hostname,
    fileTypes: fileTypesOf(field(wire, 'file_types')),
    maxUpload: typeof maxUpload === 'number' ? maxUpload : Number.POSITIVE_INFINITY,
    ...identityOf(wire),
  }
}

function fileTypesOf(wire: unknown): FileType[] {
  if (!Array.isArray(wire)) return []
  return wire.flatMap((one) => {
    const name = field(one, 'name')
    const endings = field(one, 'endings')
    return typeof name === 'string' && Array.isArray(endings) ? [{ name, endings: endings.map(String) }] : []
  })
}

function identityOf(wire: unknown): Pick<Config, 'providers' | 'clerk'> {
  const identity = field(wire, 'identity')
  // Without an answer nobody can sign in anyhow; the form says so when it is sent.
  if (!Array.isArray(identity)) return { providers: ['local'], clerk: undefined }
  const publishableKey = field(field(wire, 'clerk'), 'publishable_key')
  const frontendApi = field(field(wire, 'clerk'), 'frontend_api_url')
  const clerk =
    identity.includes('clerk') && typeof publishableKey === 'string' && typeof frontendApi === 'string'
      ? { publishableKey, frontendApi }
      : undefined
  return {
    providers: [
      ...(identity.includes('local') ? ['local' as const] : []),
      ...(clerk ? ['clerk' as const] : []),
    ],
    clerk,
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
