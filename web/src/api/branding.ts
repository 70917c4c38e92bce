import { queryOptions } from '@tanstack/react-query'
import { authorizedFetch, client, unwrap } from './client.ts'
import { problemOf } from './problem.ts'
import type { components } from './schema.d.ts'

/** What a tenant has chosen to look like; an empty field is the platform's. */
export type Look = { company: string; primary: string; secondary: string; logoUrl: string | undefined }

/** What can be uploaded as a logo; the server judges by the content. */
export const logoTypes = '.svg,.png,.jpg,.jpeg,.webp,image/svg+xml,image/png,image/jpeg,image/webp'

export const lookQuery = (slug: string) =>
  queryOptions({
    queryKey: [slug, 'branding'] as const,
    queryFn: async ({ signal }) => lookOf(await unwrap(client(slug).GET('/routes/branding', { signal }))),
  })

export async function changeLook(slug: string, look: Omit<Look, 'logoUrl'>): Promise<Look> {
  const body = { company_name: look.company, brand_primary: look.primary, brand_secondary: look.secondary }
  return lookOf(await unwrap(client(slug).PUT('/routes/branding', { body })))
}

export async function uploadLogo(slug: string, file: File): Promise<Look> {
  const body = new FormData()
  body.append('file', file)
  const address = new URL('/routes/branding/upload-logo', location.origin)
  const response = await authorizedFetch(new Request(address, { method: 'POST', body }), slug)
  const answer: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw problemOf(response, answer)
  return lookOf(answer as components['schemas']['BrandingOutputBody'])
}

export const resetLook = async (slug: string): Promise<Look> =>
  lookOf(await unwrap(client(slug).DELETE('/routes/branding/reset')))

function lookOf(wire: components['schemas']['BrandingOutputBody']): Look {
  return {
    company: wire.company_name,
    primary: wire.brand_primary,
    secondary: wire.brand_secondary,
    logoUrl: wire.logo_url || undefined,
  }
}
