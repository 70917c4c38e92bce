interface Window {
  /** The answer of /config.json, asked for by boot.ts before the app has loaded. */
  flomastrConfig: Promise<unknown>
}
