// The page /docs: the reference of the API, made from the /openapi.json of the very server that is asked. It is a page
// of its own, so that not a byte of it reaches the app.
import '@scalar/api-reference/style.css'
import './docs.css'
import { createApiReference } from '@scalar/api-reference'
import { remembered } from './lib/remember.ts'

const choice = remembered('scheme')
const dark = choice ? choice === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches

createApiReference('#reference', {
  url: '/openapi.json',
  title: 'FloMastr API',
  favicon: '/favicon.ico',
  theme: 'default',
  darkMode: dark,
  // Nothing on this page may ask another server: no fonts, no figures of use, no assistant, no proxy, no toolbar.
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  persistAuth: false,
  documentDownloadType: 'json',
  operationTitleSource: 'path',
})
