// A number's way into the house, in a browser against the running demo: an administrator connects it, enters at the
// provider (its stand-in) what the page says, sees the first message arrive, pauses and resumes it, replaces the secret of
// its webhook, is told when the provider shows a wrong one, and deletes it; and writes a template. Then their pages are looked at.
//
//   node e2e/channel-journey.mjs     the demo must run (make run-detached)
import { randomInt } from 'node:crypto'
import { axe, launch, open } from './browser.mjs'
import { demo, newWord } from './demo.mjs'
import {
  conclude,
  faces,
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
const number = `97155${randomInt(1_000_000, 9_999_999)}`
const customer = `97156${randomInt(1_000_000, 9_999_999)}`
const key = newWord()
const list = `/${slug}/settings/channels`

/** Asks something of the provider's stand-in, as its portal or a customer would. */
async function provider(method, path, body) {
  const answer = await fetch(standins.infobip_url + path, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
}

const enter = (webhook, header) =>
  provider('PUT', `/control/senders/${number}`, {
    number,
    api_key: key,
    webhook_url: webhook,
    auth_header: header,
  })
const write = (text) => provider('POST', `/control/phones/${customer}/messages`, { to: number, text })

async function sentToCustomer() {
  const answer = await fetch(`${standins.ledger_url}?to=${customer}`)
  return (await answer.json()).length
}

async function until(holds, what) {
  const end = Date.now() + patience
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${patience / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  must(true, what)
}

const field = (where, label) => where.getByLabel(label, { exact: true }).inputValue({ timeout: patience })
const header = async (where) => ({
  name: await field(where, 'Name of the header'),
  value: await field(where, 'Value of the header'),
})

/** Connects the number, and gives the address and the header that the page wants entered at the provider. */
async function connect(page) {
  await page.goto(base + list)
  await page.getByRole('button', { name: 'Connect a number' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Connect a number' })
  await dialog.getByRole('button', { name: 'Infobip' }).click()
  await dialog.getByLabel('Phone number').fill(number)
  await dialog.getByLabel('API key', { exact: true }).fill(key)
  await dialog.getByRole('button', { name: 'Save and go on' }).click()
  const entered = { webhook: await field(dialog, 'Webhook address'), header: await header(dialog) }
  await shows(dialog, 'Waiting for the first message…')
  await page.screenshot({ path: `${screenshots}channel-entered-phone-light-en.png` })
  await enter(entered.webhook, entered.header)
  await dialog.getByRole('button', { name: 'Test the credentials' }).click()
  await shows(dialog, 'The provider accepts the credentials.')
  must(true, 'a number is connected, and its credentials are tested')
  await write('hello')
  await shows(dialog, 'It works: the provider’s calls arrive.')
  must(true, 'the page sees the first message arrive by itself')
  await page.screenshot({ path: `${screenshots}channel-heard-phone-light-en.png` })
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.waitForURL(`**${list}/*`, { timeout: patience })
  await until(async () => (await sentToCustomer()) === 1, 'and the customer is answered')
  return entered
}

async function pause(page) {
  const settings = page.url()
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click()
  await page.getByRole('button', { name: 'Resume' }).waitFor({ timeout: patience })
  await write('are you there?')
  await page.goto(`${base}/${slug}/inbox`)
  await page.getByText(`+${customer}`).click()
  await shows(page, 'are you there?')
  must((await sentToCustomer()) === 1, 'a paused number keeps what comes and sends nothing')
  await page.goto(settings)
  await page.getByRole('button', { name: 'Resume' }).click()
  await until(async () => (await sentToCustomer()) === 2, 'once resumed it answers what waited')
}

async function renew(page, { webhook, header: old }) {
  await page.getByRole('button', { name: 'Make a new secret' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click()
  const fresh = await header(page.getByRole('dialog', { name: 'The new secret' }))
  must(fresh.value !== old.value, 'a new secret is made, and shown this once')
  await page
    .getByRole('dialog', { name: 'The new secret' })
    .getByRole('button', { name: 'Close' })
    .first()
    .click()
  await write('with the old one')
  await until(async () => (await sentToCustomer()) === 3, 'until it is forgotten the old one works')
  await enter(webhook, fresh)
  await page.getByRole('button', { name: 'Forget the old secret' }).click()
  await page
    .getByRole('button', { name: 'Forget the old secret' })
    .waitFor({ state: 'hidden', timeout: patience })
  await enter(webhook, old)
  await write('with the forgotten one')
  await page.reload()
  await shows(page, 'The last call did not show the right secret and was refused.')
  must((await sentToCustomer()) === 3, 'a forgotten one does not, and the page says so')
  await page.screenshot({ path: `${screenshots}channel-refused-phone-light-en.png` })
  await enter(webhook, fresh)
  await provider('POST', '/control/webhooks/retry')
  await until(
    async () => (await sentToCustomer()) === 4,
    'and what was refused comes again once it is mended',
  )
}

/** An answer that the provider refuses for good is listed, and sent again by hand. */
async function deliver(page) {
  const settings = page.url()
  const before = await sentToCustomer()
  await provider('POST', '/control/faults', {
    on: 'send',
    kind: 'refuse',
    status: 400,
    from: number,
    to: customer,
    times: 1,
  })
  await page.goto(`${base}/${slug}/settings/dead-letters`)
  await shows(page, 'Nothing here')
  await write('do you hear me?')
  await shows(page, 'Not sent')
  must((await sentToCustomer()) === before, 'what is refused for good is listed by itself')
  await page.screenshot({ path: `${screenshots}dead-letter-phone-light-en.png` })
  findings.push(...(await axe(page)).map((one) => `dead letters: ${one}`))
  await page.getByRole('button', { name: 'Send it again' }).click()
  await until(async () => (await sentToCustomer()) === before + 1, 'and sent again by hand')
  await shows(page, 'Nothing here')
  await page.goto(settings)
}

async function remove(page) {
  await page.getByRole('button', { name: 'Delete the number' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill(`+${number}`)
  await dialog.getByRole('button', { name: 'Delete the number' }).click()
  await page.waitForURL(`**${list}`, { timeout: patience })
  await page.locator(pages['settings-channels'].sign).first().waitFor({ timeout: patience })
  await page.getByText(number).first().waitFor({ state: 'hidden', timeout: patience })
  must(true, 'a deleted number is gone from the list')
}

/** A template is written, kept as a draft, and given to WhatsApp. */
async function template(page) {
  const name = `journey_${newWord()}`
  await page.goto(`${base}/${slug}/settings/templates`)
  await page.getByRole('button', { name: 'Write a template' }).click()
  const dialog = page.getByRole('dialog', { name: 'Write a template' })
  const atMeta = channels.find((one) => one.provider === 'meta').id
  await dialog.getByLabel('Number', { exact: true }).selectOption(atMeta)
  await dialog.getByLabel('Name', { exact: true }).fill(name)
  await dialog.getByLabel('Text', { exact: true }).fill('Hello {{1}}, your order is ready.')
  await dialog.getByLabel('Example for value 1').fill('Ana')
  await dialog.getByRole('button', { name: 'Add a button' }).click()
  await dialog.getByLabel('Text on the button').fill('Thank you')
  await shows(dialog, 'Hello Ana, your order is ready.')
  await page.screenshot({ path: `${screenshots}template-form-phone-light-en.png` })
  await dialog.getByRole('button', { name: 'Keep as a draft' }).click()
  const kept = page.getByRole('dialog', { name })
  await shows(kept, 'Draft')
  await page.screenshot({ path: `${screenshots}template-draft-phone-light-en.png` })
  await kept.getByRole('button', { name: 'Submit to WhatsApp' }).click()
  await kept
    .getByText(/^(WhatsApp decides|Approved)$/)
    .first()
    .waitFor({ timeout: patience })
  must(true, 'a template is written, previewed, kept and submitted')
  await page.goto(`${base}/${slug}/settings/templates?q=${name}`)
  await page.getByLabel('Number', { exact: true }).selectOption(atMeta)
  await until(async () => {
    await page.getByRole('button', { name: 'Read them from the provider now' }).click()
    await shows(page, 'Read.')
    return page.getByRole('main').getByText('Approved').last().isVisible()
  }, 'and its approval is read from the provider')
  await page.getByRole('link', { name }).click()
  await kept.getByRole('button', { name: 'Delete the template' }).click()
  const asked = page.getByRole('dialog', { name: `Delete ${name}?` })
  await asked.getByRole('button', { name: 'Delete the template' }).click()
  await shows(page, 'No templates here')
  must(true, 'and it is deleted')
}

const pages = {
  'settings-channels': { path: list, sign: 'main ul a[href*="/settings/channels/"]' },
  'settings-channels-connect': { path: `${list}?form=connect`, sign: 'dialog[open] button' },
  'settings-templates': { path: `/${slug}/settings/templates`, sign: 'main h1' },
  'settings-templates-new': { path: `/${slug}/settings/templates?form=new`, sign: 'dialog[open] form' },
  'settings-received': { path: `/${slug}/settings/received`, sign: 'main h1' },
  'settings-dead-letters': { path: `/${slug}/settings/dead-letters`, sign: 'main h1' },
  'settings-channel': { path: `${list}/${channels[0].id}`, sign: 'main form' },
}

const browser = await launch()
try {
  const opened = await open(browser, { ...inHand, viewport: phone })
  const { page } = opened
  await told(opened, async () => {
    await signInAs(page, base, owner, home)
    /** @type {Awaited<ReturnType<typeof connect>>} */
    let entered
    await step('a number is connected', async () => {
      entered = await connect(page)
    })
    await step('it is paused and resumed', () => pause(page))
    await step('its secret is replaced', () => renew(page, entered))
    await step('an answer fails', () => deliver(page))
    await step('it is deleted', () => remove(page))
    await step('a template is written', () => template(page))
  })
  findings.push(...opened.troubles)
  await opened.context.close()
  const visits = [{ who: owner, landing: home, pages }]
  await lookInFaces(
    browser,
    base,
    'the pages of numbers',
    visits,
    faces.filter(({ judged }) => judged),
  )
} finally {
  await browser.close()
}
conclude()
