import { type Branding, brandingOf } from '../lib/branding.ts'

/** The public settings of the server, from /config.json. */
export type Config = { branding: Branding; simulator: boolean }

export function configOf(wire: unknown): Config {
  const flags = field(wire, 'feature_flags')
  return {
    branding: brandingOf(wire),
    simulator: field(flags, 'simulator') === true || field(wire, 'simulator') === true,
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

let current: Config = configOf(undefined)

/** Waits for what boot.ts asked for. The app works in the platform's colours when it does not come. */
export async function loadConfig(): Promise<void> {
  current = configOf(await window.flomastrConfig.catch(() => undefined))
}

export const config = (): Config => current
