// What the journeys share: how they speak, how they sign in, and how they look at pages.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { axe, open, overflows } from './browser.mjs'

export const screenshots = fileURLToPath(new URL('screenshots/', import.meta.url))
mkdirSync(screenshots, { recursive: true })

export const patience = 60_000 // an answer takes a second; a busy machine takes longer

/** What is wrong, gathered so that one look tells all of it. */
/** @type {string[]} */
export const findings = []
export const said = (text) => process.stdout.write(`${text}\n`)

export async function step(name, run) {
  said(name)
  const start = Date.now()
  await run()
  said(`  ${((Date.now() - start) / 1000).toFixed(1)} s`)
}

export function must(holds, what) {
  if (!holds) throw new Error(what)
  said(`  ok  ${what}`)
}

/** Prints the findings; with one, the run has failed. */
export function conclude() {
  if (findings.length === 0) return
  said(`\n${[...new Set(findings)].join('\n')}`)
  process.exitCode = 1
}

/** A text is on the page, or will be. */
export const shows = (where, text) => where.getByText(text).first().waitFor({ timeout: patience })

/** Runs a part of a journey on an opened page; when it fails, a picture is left and the page's troubles are told. */
export async function told({ page, troubles }, run) {
  try {
    return await run()
  } catch (error) {
    await page.screenshot({ path: `${screenshots}failed.png` })
    throw new Error(`${error.message}\non ${page.url()}\n${troubles.join('\n')}`)
  }
}

/** Signs in from the landing page, and waits until that has led to an address. */
export async function signInAs(page, base, { email, password }, landing) {
  await page.goto(`${base}/`)
  await page.locator('a[href^="/sign-in"]').click()
  await page.locator('input[name=email]').fill(email)
  await page.locator('input[name=password]').fill(password)
  await page.locator('form button[type=submit]').click()
  await page.waitForURL(landing, { timeout: patience })
}

// A person with a phone in the hand; a picture of a dialog on its way in tells nothing.
export const inHand = { locale: 'en-GB', reducedMotion: 'reduce', hasTouch: true }

// Size, colours and language, so that every two of them are seen together.
export const phone = { width: 360, height: 740 }
const wide = { width: 1280, height: 800 }
export const faces = [
  {
    face: 'phone-light-en',
    viewport: phone,
    scheme: 'light',
    locale: 'en-GB',
    direction: 'ltr',
    judged: true,
  },
  { face: 'phone-dark-ar', viewport: phone, scheme: 'dark', locale: 'ar', direction: 'rtl', judged: true },
  { face: 'wide-dark-en', viewport: wide, scheme: 'dark', locale: 'en-GB', direction: 'ltr', judged: false },
  { face: 'wide-light-ar', viewport: wide, scheme: 'light', locale: 'ar', direction: 'rtl', judged: false },
]

/**
 * Looks at pages in each face. A visit is a person who signs in, the address where that leads, and the pages they look at.
 */
export async function lookInFaces(browser, base, what, visits, chosen = faces) {
  for (const { face, viewport, scheme, locale, ...how } of chosen)
    await step(`${what}, ${face}`, async () => {
      for (const { who, landing, pages } of visits) {
        const { context, page, troubles } = await open(browser, {
          ...inHand,
          viewport,
          locale,
          colorScheme: scheme,
          hasTouch: viewport === phone,
        })
        await signInAs(page, base, who, landing)
        await lookAt(page, base, pages, { face, ...how }, troubles)
        findings.push(...troubles.map((one) => `${face}: ${one}`))
        await context.close()
      }
    })
}

/**
 * Looks at what is on the screen now, and at no address: on a phone and on a desk, in the dark, and axe judges it. What
 * stands further down is brought into the picture.
 */
export async function lookHere(page, name, sign) {
  const before = page.viewportSize()
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  for (const [face, viewport] of [
    ['phone-dark-en', phone],
    ['wide-dark-en', wide],
  ]) {
    await page.setViewportSize(viewport)
    await sign?.scrollIntoViewIfNeeded()
    await page.screenshot({ path: `${screenshots}${name}-${face}.png` })
    if (await overflows(page)) findings.push(`${face} ${name}: is wider than the window`)
    findings.push(...(await axe(page)).map((one) => `${face} ${name}: ${one}`))
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  await page.setViewportSize(before)
}

/**
 * Looks at every page in one face, and takes its picture; axe judges it where the face is judged. A page is there when
 * its sign is, and nothing on it is still on its way.
 */
async function lookAt(page, base, pages, { face, direction, judged }, troubles) {
  for (const [name, { path, sign, foreign }] of Object.entries(pages)) {
    try {
      await page.goto(base + path)
      await page.locator(sign).first().waitFor({ state: 'attached', timeout: patience })
      await page.waitForFunction(
        () => !document.querySelector('[aria-busy=true], [role=status][class*=Skeleton]'),
        undefined,
        { timeout: patience },
      )
      await page.screenshot({ path: `${screenshots}${name}-${face}.png` })
    } catch (error) {
      await page.screenshot({ path: `${screenshots}failed.png` })
      throw new Error(`${face} ${name}: ${error.message}\n${troubles.join('\n')}`)
    }
    // The API reference is Scalar's: English, and its own markup. What we answer for is that it asks nobody else.
    if (foreign) continue
    if ((await page.locator('html').getAttribute('dir')) !== direction)
      findings.push(`${face} ${name}: is not ${direction}`)
    if (await overflows(page)) findings.push(`${face} ${name}: is wider than the window`)
    if (judged) findings.push(...(await axe(page)).map((one) => `${face} ${name}: ${one}`))
  }
}
