// Who a conversation is with, in a browser against the running demo: two customers write, an administrator says that they are
// one person and takes it back; one of them wants silence, and the page says why nobody can answer; every message stands in
// the ledger. Then the pages are looked at.
//
//   node e2e/people-journey.mjs     the demo must run (make run-detached)
import { randomInt } from 'node:crypto'
import { launch, open } from './browser.mjs'
import { demo } from './demo.mjs'
import {
  conclude,
  faces,
  findings,
  lookAt,
  must,
  patience,
  phone,
  screenshots,
  signInAs,
  step,
} from './journey.mjs'

const { base_url: base, tenants, standins } = demo()
const { slug, users, channels } = tenants[0]
const owner = users[0]
const one = `97155${randomInt(1_000_000, 9_999_999)}`
const other = `97156${randomInt(1_000_000, 9_999_999)}`

async function write(from, text) {
  const answer = await fetch(`${standins.infobip_url}/control/phones/${from}/messages`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ to: channels[0].number, text }),
  })
  if (!answer.ok) throw new Error(`a customer's message: ${answer.status} ${await answer.text()}`)
}

const shows = (where, text) => where.getByText(text).first().waitFor({ timeout: patience })

async function merge(page) {
  await write(one, 'Good morning')
  await write(other, 'Good evening')
  await page.getByText(`+${one}`).first().click({ timeout: patience })
  await page
    .getByRole('heading', { level: 2 })
    .getByRole('button', { name: new RegExp(one) })
    .click({ timeout: patience })
  const who = page.getByRole('dialog', { name: 'Who this is' })
  await shows(who, 'No other contact is known to be the same person.')
  await who.getByLabel('Find somebody who is the same person').fill(other)
  await who.getByRole('button', { name: 'Same person' }).click({ timeout: patience })
  await page.getByRole('button', { name: 'Same person' }).last().click()
  await who.getByRole('button', { name: 'Take apart' }).waitFor({ timeout: patience })
  must(true, 'two contacts are one person')
  await page.screenshot({ path: `${screenshots}who-merged-phone-light-en.png` })
  await who.getByRole('button', { name: 'Take apart' }).click()
  await shows(who, 'No other contact is known to be the same person.')
  must(true, 'and two again')
  return page.url().slice(base.length)
}

async function silence(page, conversation) {
  await page.goto(base + conversation.replace(/\?.*/, ''))
  await write(one, 'STOP')
  await shows(page, 'This customer has asked not to be written to.')
  must(
    (await page.getByRole('textbox').count()) === 0,
    'the page says why nobody can write, and has no field',
  )
  await write(one, 'Are you there?')
  await page.goto(`${base}/${slug}/settings/received`)
  await shows(page.getByRole('listitem'), 'Wants no messages')
  must(true, 'the ledger knows what became of it')
}

const browser = await launch()
try {
  const { context, page, troubles } = await open(browser, {
    viewport: phone,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    hasTouch: true,
  })
  let conversation = ''
  try {
    await signInAs(page, base, owner)
    await page.waitForURL(`**/${slug}/inbox`, { timeout: patience })
    await step('two contacts are merged and parted', async () => {
      conversation = await merge(page)
    })
    await step('a customer wants silence', () => silence(page, conversation))
  } catch (error) {
    await page.screenshot({ path: `${screenshots}failed.png` })
    throw new Error(`${error.message}\non ${page.url()}\n${troubles.join('\n')}`)
  }
  findings.push(...troubles)
  await context.close()
  const pages = {
    who: { path: conversation, sign: 'dialog[open] dl' },
    silence: { path: conversation.replace(/\?.*/, ''), sign: 'main section ol > li' },
    'settings-received': { path: `/${slug}/settings/received`, sign: 'main code' },
  }
  for (const { face, viewport, scheme, locale, ...how } of faces)
    await step(`the pages of people, ${face}`, async () => {
      const opened = await open(browser, {
        viewport,
        locale,
        colorScheme: scheme,
        reducedMotion: 'reduce',
        hasTouch: viewport === phone,
      })
      await signInAs(opened.page, base, owner)
      await opened.page.waitForURL(`**/${slug}/inbox`, { timeout: patience })
      await lookAt(opened.page, base, pages, { face, ...how }, opened.troubles)
      findings.push(...opened.troubles.map((trouble) => `${face}: ${trouble}`))
      await opened.context.close()
    })
} finally {
  await browser.close()
}
conclude()
