import { SignIn } from '@clerk/react'

/** Clerk's own form, for signing in and for signing up where the instance allows it. It goes on to `next` by itself. */
export function ClerkSignIn({ next }: { next: string }) {
  return (
    <SignIn
      routing="hash"
      withSignUp
      forceRedirectUrl={next}
      signUpForceRedirectUrl={next}
      oauthFlow="redirect"
    />
  )
}
