/**
 * Where the scripts of a stand-in for Clerk lie. Clerk's own address is always https:// and follows from the publishable
 * key; the server takes one without TLS on its own machine alone, where `flomastr-sim` answers it.
 */
export function standIn(frontendApi: string): object {
  if (!frontendApi.startsWith('http://')) return {}
  return {
    __internal_clerkJSUrl: `${frontendApi}/npm/@clerk/clerk-js@6/dist/clerk.browser.js`,
    __internal_clerkUIUrl: `${frontendApi}/npm/@clerk/ui@1/dist/ui.browser.js`,
  }
}
