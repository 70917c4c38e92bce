import { queryOptions } from '@tanstack/react-query'
import type { Language } from '../lib/language.ts'
import { client, done, publicClient, unwrap } from './client.ts'

// What people of the built-in identity provider do with their own accounts.

/** A place where somebody is signed in. */
export type SignedIn = {
  id: string
  device: string
  network: string
  seenAt: Date
  since: Date
  current: boolean
}

export const sessionsQuery = () =>
  queryOptions({
    queryKey: ['account', 'sessions'] as const,
    queryFn: async ({ signal }): Promise<SignedIn[]> => {
      const wire = await unwrap(client('').GET('/auth/sessions', { signal }))
      return (wire.sessions ?? []).map((one) => ({
        id: one.id,
        device: one.device,
        network: one.network,
        seenAt: new Date(one.seen_at),
        since: new Date(one.signed_in_at),
        current: one.current,
      }))
    },
  })

export const endSession = (id: string): Promise<void> =>
  done(client('').DELETE('/auth/sessions/{id}', { params: { path: { id } } }))

export const endOtherSessions = (): Promise<void> => done(client('').POST('/auth/sessions/end-others'))

export type SecondFactor = { enabled: boolean; codesLeft: number }

export const factorQuery = () =>
  queryOptions({
    queryKey: ['account', 'totp'] as const,
    queryFn: async ({ signal }): Promise<SecondFactor> => {
      const wire = await unwrap(client('').GET('/auth/totp', { signal }))
      return { enabled: wire.enabled, codesLeft: wire.recovery_codes_left }
    },
  })

/** What an authenticator needs: as text, and as an address for a QR code. The server shows it this once. */
export type FactorSetup = { secret: string; uri: string }

export const startFactor = (password: string): Promise<FactorSetup> =>
  unwrap(client('').POST('/auth/totp', { body: { password } }))

/** Switches the second factor on, and gives the recovery codes, which the server shows this once. */
export const confirmFactor = async (otp: string): Promise<readonly string[]> =>
  (await unwrap(client('').POST('/auth/totp/confirm', { body: { otp } }))).recovery_codes ?? []

export const newRecoveryCodes = async (password: string, otp: string): Promise<readonly string[]> =>
  (await unwrap(client('').POST('/auth/totp/recovery-codes', { body: { password, otp } }))).recovery_codes ??
  []

export const removeFactor = (password: string, otp: string): Promise<void> =>
  done(client('').POST('/auth/totp/remove', { body: { password, otp } }))

/** Asks for a mail. The answer is the same whether there is such an account or not. */
export const requestReset = async (email: string, language: Language): Promise<void> => {
  await unwrap(publicClient.POST('/auth/reset-request', { body: { email, language } }))
}

export const resetPassword = (token: string, password: string): Promise<void> =>
  done(publicClient.POST('/auth/reset', { body: { token, password } }))
