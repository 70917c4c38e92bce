// Whose place an address is: /{slug}/… belongs to a tenant, everything else to the host.

// First segments that are pages of the platform. The server gives none of them away as a slug.
const platformPages: ReadonlySet<string> = new Set([
  'account',
  'admin',
  'docs',
  'get-started',
  'hitl-tasks',
  'home',
  'invite',
  'reset-password',
  'settings',
  'sign-in',
  'workflow-install',
  'workflows',
])

/** The slug of the tenant whose page this is; empty where it is the host's own. */
export function slugOf(path: string): string {
  const first = path.split('/')[1] ?? ''
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(first) && !platformPages.has(first) ? first : ''
}
