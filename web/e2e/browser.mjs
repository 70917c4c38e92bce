// A browser for the journeys: Debian's Chromium, kept to this machine, with everything that a page may not do recorded.
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

const flags = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--no-first-run',
  '--no-pings',
  '--metrics-recording-only',
  '--disable-domain-reliability',
  '--disable-client-side-phishing-detection',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost',
]

/** Starts the browser; CHROMIUM names another than Debian's. */
export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags })

/**
 * Opens a page whose troubles are gathered: errors on the console, exceptions, failed requests and answers ≥ 400.
 * @param {import('playwright-core').Browser} browser
 * @param {import('playwright-core').BrowserContextOptions} options
 */
export async function open(browser, options) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  /** @type {string[]} */
  const troubles = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      troubles.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => troubles.push(`exception: ${error.message}`))
  page.on('requestfailed', (request) => {
    // What the page itself broke off by going elsewhere (a stream, a question that nobody waits for) is no failure.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED')
      troubles.push(`request: ${request.url()} ${request.failure()?.errorText}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) troubles.push(`answer: ${response.status()} ${response.url()}`)
  })
  return { context, page, troubles }
}

/** What axe finds on the page, a line each. */
export async function axe(page) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(
    (one) => `axe: ${one.id} at ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`,
  )
}

/** Whether the page is wider than its window: at 360 px nothing may be cut off. */
export const overflows = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
