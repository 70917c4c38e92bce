// The main job, in a browser against the running demo: a customer asks in the simulator and is answered with the right
// source, a follow-up is understood, an unknowable question is refused, and a page and a PDF that were added a moment ago
// answer questions. Then every page is looked at in both sizes, light and dark, English and Arabic, and axe judges each
// page once in light and once in dark.
//
//   node e2e/main-journey.mjs      the demo must run (make run-detached), and the server must be allowed to read pages
//                                  from this machine: FLOMASTR_FETCH_ALLOW=http://127.0.0.1:PORT, here and there
//
// Screenshots go to e2e/screenshots, which git ignores: look at them.
import { createServer } from 'node:http'
import { launch, open } from './browser.mjs'
import { demo, newPrice, newWord, pdf, page as webPage } from './demo.mjs'
import { conclude, findings, lookInFaces, must, patience, signInAs, step, told } from './journey.mjs'
import { askByPhone as ask, newCustomer } from './phone.mjs'

const { base_url: base, tenants } = demo()
const { slug, users } = tenants[0]
const owner = users[0]
const home = `**/${slug}/inbox`

const allowed = (process.env.FLOMASTR_FETCH_ALLOW ?? '').split(',')[0]
if (!allowed) throw new Error('set FLOMASTR_FETCH_ALLOW to the origin that the server may read pages from')

async function addPage(page, url) {
  await page.goto(`${base}/${slug}/brain?add=page`)
  await page.getByLabel('Address of the page').fill(url)
  await page.getByRole('button', { name: 'Read this page' }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden', timeout: patience })
}

async function addFile(page, name, bytes) {
  await page.goto(`${base}/${slug}/brain?add=files`)
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose files' }).click()
  await (await chooser).setFiles({ name, mimeType: 'application/pdf', buffer: bytes })
  await page.getByRole('dialog').waitFor({ state: 'hidden', timeout: patience })
}

const ready = (page, title) =>
  page.getByRole('link', { name: title }).filter({ hasText: 'Ready' }).first().waitFor({ timeout: patience })

async function mainJob(browser) {
  const opened = await open(browser, { viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
  const { context, page, troubles } = opened
  const thing = newWord()
  const price = newPrice()
  const gadget = newWord()
  const gadgetPrice = newPrice()
  const name = `Guest ${newWord()}`

  const site = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end(webPage(thing, price))
  })
  const origin = new URL(allowed)
  await new Promise((resolve, reject) =>
    site.on('error', reject).listen(Number(origin.port), origin.hostname, resolve),
  )
  const run = async () => {
    await signInAs(page, base, owner, home)
    await newCustomer(page, `${base}/${slug}`, name)

    must(
      (await ask(page, name, 'How much is an eye test?')).includes('120'),
      'a question about the knowledge is answered',
    )
    must((await ask(page, name, 'Where is the Al Barsha shop?')).includes('Palm Grove Mall'), 'and another')
    must(/park/i.test(await ask(page, name, 'and is there parking there?')), 'a follow-up is understood')
    const refusal = await ask(page, name, 'who won the chess world championship in 1972?')
    must(
      !/Fischer|Spassky/.test(refusal) && /don.t|couldn.t|not/i.test(refusal),
      'an unknowable question is refused',
    )

    await addPage(page, `${origin.origin}/${thing}`)
    await ready(page, `The ${thing} service`)
    await addFile(
      page,
      `${gadget}-tariff.pdf`,
      pdf([
        `${gadget} tariff`,
        '',
        `Renting a ${gadget} for one week costs ${gadgetPrice} dirhams.`,
        `Every ${gadget} comes with a case and a manual.`,
      ]),
    )
    await ready(page, gadget)
    await page.goto(`${base}/${slug}/simulator`)
    await page.getByRole('button', { name }).click()
    must(
      (await ask(page, name, `How much is a full ${thing} service?`)).includes(price),
      'a page added by its address answers',
    )
    must(
      (await ask(page, name, `What does renting a ${gadget} cost?`)).includes(gadgetPrice),
      'an uploaded PDF answers',
    )

    await page.goto(`${base}/${slug}/inbox`)
    await page.getByRole('link', { name }).click()
    const thread = page.getByRole('region', { name: `Messages with ${name}` })
    await thread.getByRole('button', { name: 'Why?' }).first().click()
    const why = page.getByRole('dialog', { name: 'Why this answer' })
    await why.getByText('Eye tests for adults').first().waitFor({ timeout: patience })
    must(true, 'the inbox names the right source')
    await page.keyboard.press('Escape')
    await why.waitFor({ state: 'hidden' })

    await thread.getByRole('textbox').fill('A colleague will call you today.')
    await thread.getByRole('button', { name: 'Send' }).click()
    await thread
      .getByRole('listitem')
      .filter({ hasText: 'A colleague will call you today.' })
      .getByText('Delivered', { exact: false })
      .first()
      .waitFor({ state: 'attached', timeout: patience })
    must(true, 'a reply of a person is sent and delivered')

    await page.reload()
    await thread.getByText('A colleague will call you today.').waitFor({ timeout: patience })
    must(true, 'a reload keeps the session and the place')
    findings.push(...troubles.map((one) => `main job: ${one}`))
    return page.url().slice(base.length)
  }
  try {
    return await told(opened, run)
  } finally {
    site.close()
    await context.close()
  }
}

// What stands at an address; it is there when its sign is, and nothing on the page is still on its way.
function pagesOf(conversation) {
  const question = encodeURIComponent('How much is an eye test?')
  return {
    landing: { path: '/', sign: 'h1' },
    'sign-in': { path: '/sign-in', sign: 'input[name=password]' },
    inbox: { path: `/${slug}/inbox`, sign: 'main section ul > li' },
    conversation: { path: conversation, sign: 'main section ol > li' },
    brain: { path: `/${slug}/brain`, sign: 'main h1' },
    ask: { path: `/${slug}/brain?view=ask&ask=${question}`, sign: 'main h1' },
    'add-files': { path: `/${slug}/brain?add=files`, sign: 'dialog[open]' },
    'add-text': { path: `/${slug}/brain?add=text`, sign: 'dialog[open]' },
    simulator: { path: `/${slug}/simulator`, sign: 'main h1' },
    'not-found': { path: '/nobody-has-this/inbox', sign: 'h1' },
    docs: { path: '/docs', sign: 'h1', foreign: true },
  }
}

const browser = await launch()
/** @type {ReturnType<typeof pagesOf>} */
let pages = {}
try {
  await step('the main job', async () => {
    pages = pagesOf(await mainJob(browser))
  })
  await lookInFaces(browser, base, 'every page', [{ who: owner, landing: home, pages }])
} finally {
  await browser.close()
}
conclude()
