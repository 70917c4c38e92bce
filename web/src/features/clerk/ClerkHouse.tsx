import './clerk.css'
import { ClerkProvider, useClerk } from '@clerk/react'
import { type ReactNode, useEffect } from 'react'
import { clerk as session } from '../../api/client.ts'
import type { ClerkConfig } from '../../api/config.ts'
import { router } from '../../router.tsx'
import { standIn } from './standIn.ts'
import { useClerkTexts } from './texts.ts'

// Everything that imports @clerk/react lies in this folder, and nothing imports this folder but lazily: where people sign
// in with the built-in provider, no byte of it is fetched.

type Props = { settings: ClerkConfig; children: ReactNode }

/** Loads Clerk's script and hands its session to the app. It stands around the whole app, because Clerk loads once. */
export function ClerkHouse({ settings, children }: Props) {
  const localization = useClerkTexts()
  return (
    <ClerkProvider
      publishableKey={settings.publishableKey}
      {...(localization && { localization })}
      {...standIn(settings.frontendApi)}
      telemetry={false}
      signInUrl="/sign-in"
      signUpUrl="/sign-in"
      afterSignOutUrl="/sign-in"
      routerPush={(to) => router.history.push(to)}
      routerReplace={(to) => router.history.replace(to)}
    >
      <Bridge />
      {children}
    </ClerkProvider>
  )
}

/** Tells the session what became of the script. */
function Bridge() {
  const clerk = useClerk()
  const { status } = clerk
  useEffect(() => {
    if (status === 'ready' || status === 'degraded') session.connect(clerk)
    if (status === 'error') session.fail()
  }, [clerk, status])
  return null
}
