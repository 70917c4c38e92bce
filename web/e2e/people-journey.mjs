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
  findings,
  inHand,
  lookInFaces,
  must,
  patience,
  phone,
  screenshots,
  shows,
  signInAs,
  step,
  told,
} from './journey.mjs'

const { base_url: base, tenants, standins } = demo()
const { slug, users, channels } = tenants[0]
const owner = users[0]
const home = `**/${slug}/inbox`
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
  const opened = await open(browser, { ...inHand, viewport: phone })
  const { page } = opened
  let conversation = ''
  await told(opened, async () => {
    await signInAs(page, base, owner, home)
    await step('two contacts are merged and parted', async () => {
      conversation = await merge(page)
    })
    await step('a customer wants silence', () => silence(page, conversation))
  })
  findings.push(...opened.troubles)
  await opened.context.close()
  const pages = {
    who: { path: conversation, sign: 'dialog[open] dl' },
    silence: { path: conversation.replace(/\?.*/, ''), sign: 'main section ol > li' },
    'settings-received': { path: `/${slug}/settings/received`, sign: 'main code' },
  }
  await lookInFaces(browser, base, 'the pages of people', [{ who: owner, landing: home, pages }])
} finally {
  await browser.close()
}
conclude()
