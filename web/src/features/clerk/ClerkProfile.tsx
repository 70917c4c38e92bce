import { UserProfile } from '@clerk/react'

/** Passwords, second factors, addresses and devices of the person, all of which Clerk keeps. */
export function ClerkProfile() {
  return <UserProfile routing="hash" />
}
