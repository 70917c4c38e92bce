// What a business knows, in a browser against the running demo: a web site is looked at and followed, fifty documents of all
// kinds are uploaded with trouble on the way, and each page and each document answers a question. The brain says why an entry did
// not come, and a question that nobody had an answer to gets a card. The pages are looked at; the site changes, and only that
// is read again; it is removed with its pages.
//
//   node e2e/knowledge-journey.mjs  the demo must run (make run-detached), and the server must be allowed to read pages
//                                   from this machine: FLOMASTR_FETCH_ALLOW=http://127.0.0.1:PORT, here and there
import { randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import { launch, open } from './browser.mjs'
import { demo, newPrice, newWord, page as webPage } from './demo.mjs'
import { conclude, lookHere, lookInFaces, must, patience, shows, signInAs, step, told } from './journey.mjs'
import { askByPhone, newCustomer } from './phone.mjs'
import { askEach, uploadFifty, uploadFolder } from './uploads.mjs'

const { base_url: base, tenants } = demo()
const { slug, users } = tenants[0]
const owner = users[0]
const home = `**/${slug}/inbox`
const allowed = (process.env.FLOMASTR_FETCH_ALLOW ?? '').split(',')[0]
if (!allowed) throw new Error('set FLOMASTR_FETCH_ALLOW to the origin that the server may read pages from')
const { origin, port, hostname } = new URL(allowed)

/** A small shop's site: a start, three services that it links to, one that only the site map lists, one that is private. */
const services = Array.from({ length: 5 }, () => ({ thing: newWord(), price: newPrice() }))
const hidden = services[4]
const pages = new Map(services.map(({ thing, price }) => [`/${thing}`, webPage(thing, price)]))
const links = services.slice(0, 3).map(({ thing }) => `<li><a href="/${thing}">${thing}</a></li>`)
pages.set(
  '/',
  `<!doctype html><html lang="en"><head><title>Workshop</title></head><body><main><h1>Workshop</h1>
<p>We look after things.</p><ul>${links.join('')}<li><a href="/${hidden.thing}">Staff</a></li></ul></main></body></html>`,
)
pages.set(
  '/sitemap.xml',
  `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>${origin}/${services[3].thing}</loc></url></urlset>`,
)
pages.set('/robots.txt', `User-agent: *\nDisallow: /${hidden.thing}\n`)
const asked = []
const site = createServer((request, response) => {
  asked.push(request.url)
  const body = pages.get(request.url)
  const html = request.url === '/' || /^\/[a-z]+\d+$/.test(request.url)
  response.writeHead(body ? 200 : 404, { 'Content-Type': html ? 'text/html; charset=utf-8' : 'text/plain' })
  response.end(body ?? 'Not found')
})

/** Asks the brain and gives the passages it shows. */
async function ask(page, question) {
  await page.goto(`${base}/${slug}/brain?view=ask&ask=${encodeURIComponent(question)}`)
  const status = page.getByText(/passages? found|No passage was found/).first()
  await status.waitFor({ timeout: patience })
  return page.locator('main').innerText()
}

/** A new page is searchable a moment after it is read. */
async function answers(page, question, wanted) {
  const end = Date.now() + patience
  while (!(await ask(page, question)).includes(wanted)) {
    if (Date.now() > end) throw new Error(`${question}: no passage holds ${wanted}`)
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

async function follow(page) {
  await page.goto(`${base}/${slug}/brain?add=page`)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Address of the page').fill(origin)
  await dialog.getByLabel('What to read').selectOption('site')
  await dialog.getByLabel('Look again').selectOption('weekly')
  await dialog.getByRole('button', { name: 'Preview' }).click()
  const preview = dialog.getByRole('status', { name: 'Preview' })
  await shows(preview, 'The site has a site map.')
  must(
    (await preview.innerText()).includes('not allowed by robots.txt'),
    'the preview says what may not be read',
  )
  await dialog.getByRole('button', { name: 'Follow this site' }).click()
  await crawled(page)
  must(!asked.includes(`/${hidden.thing}`), 'what robots.txt forbids is not asked for')
  await page.getByLabel('Show').selectOption('skipped')
  await shows(page.getByRole('dialog'), "The site's robots.txt asks not to read it.")
  must(true, 'and the page says so')
}

const crawled = (page) => shows(page.getByRole('dialog', { name: 'Web site' }), 'Up to date')

async function askTheSite(page) {
  for (const { thing, price } of services.slice(0, 4))
    await answers(page, `How much is a full ${thing} service?`, price)
  must(true, 'each page answers a question')
  must(
    !(await ask(page, `How much is a full ${hidden.thing} service?`)).includes(hidden.price),
    'but the private one',
  )
}

async function change(page) {
  const { thing } = services[1]
  const price = newPrice()
  pages.set(`/${thing}`, webPage(thing, price))
  pages.delete(`/${services[2].thing}`)
  await openSite(page)
  await page.getByRole('button', { name: 'Look again now' }).click()
  await shows(page.getByRole('dialog'), 'Being read')
  await crawled(page)
  await answers(page, `How much is a full ${thing} service?`, price)
  must(true, 'what changed is read again')
  must(
    !(await ask(page, `How much is a full ${services[2].thing} service?`)).includes(services[2].price),
    'what is gone answers no more',
  )
}

async function openSite(page) {
  await page.goto(`${base}/${slug}/brain`)
  await page.getByRole('list', { name: 'Web sites' }).getByRole('link').first().click()
}

async function remove(page) {
  await openSite(page)
  await page.getByRole('button', { name: 'Remove site' }).click()
  await page.getByRole('dialog').last().getByRole('button', { name: 'Remove site' }).click()
  await page.getByRole('list', { name: 'Web sites' }).waitFor({ state: 'detached', timeout: patience })
  const { thing, price } = services[0]
  const end = Date.now() + patience
  while ((await ask(page, `How much is a full ${thing} service?`)).includes(price)) {
    if (Date.now() > end) throw new Error('a removed site still answers')
  }
  must(true, 'a removed site answers no more')
}

const pagesOf = (site, why) => ({
  sites: { path: `/${slug}/brain`, sign: 'main a[href*="site="]' },
  site: { path: site, sign: 'dialog[open] li' },
  follow: { path: `/${slug}/brain?add=page`, sign: 'dialog[open] form' },
  'add-files': { path: `/${slug}/brain?add=files`, sign: 'dialog[open] input[type=file]' },
  'add-card': { path: `/${slug}/brain?add=card`, sign: 'dialog[open] form' },
  'why-not': { path: why, sign: 'table' },
})

const newest = (page) => page.getByRole('region', { name: 'Ask the brain' }).locator('ol > li').first()

/** A question that should have found another document: why it did not. */
async function whyNot(page, asked, expected) {
  await page.goto(`${base}/${slug}/brain?view=ask&ask=${encodeURIComponent(asked.question)}`)
  await shows(newest(page), asked.answer)
  await page.getByRole('searchbox', { name: 'The entry that you expected' }).fill(expected.title)
  await page.getByRole('button', { name: expected.title, exact: true }).click()
  const outcome = page.getByRole('status').filter({ hasText: expected.title })
  await outcome.waitFor({ timeout: patience })
  must(
    /It was weighed|None of its passages|It shares words|It was found/.test(await outcome.innerText()),
    'the brain says why',
  )
  await lookHere(page, 'why-not-outcome', outcome.getByRole('table'))
  const { pathname, search } = new URL(page.url())
  return pathname + search
}

/** A customer asks what nobody has written down; it waits for an answer, is given one, and the next who asks gets that. */
async function answerUnanswered(page) {
  const thing = newWord()
  const question = `Do you repair a ${thing}?`
  const answer = `Yes, a ${thing} is repaired within ${randomInt(11, 99)} hours.`
  const name = `Guest ${newWord()}`
  await newCustomer(page, `${base}/${slug}`, name)
  must(!(await askByPhone(page, name, question)).includes('hours'), 'a customer asks in vain')
  await page.goto(`${base}/${slug}/brain`)
  await page.getByRole('link', { name: /questions? without an answer/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Questions without an answer' })
  const row = dialog.getByRole('article').filter({ hasText: question })
  await row.waitFor({ timeout: patience })
  await lookHere(page, 'questions')
  await row.getByRole('button', { name: 'Write the answer' }).click()
  await row.getByRole('textbox', { name: 'Answer' }).fill(answer)
  await lookHere(page, 'question-answered')
  await row.getByRole('button', { name: 'Publish' }).click()
  await row.waitFor({ state: 'detached', timeout: patience })
  must(true, 'a question that is answered waits no longer')
  await page.goto(`${base}/${slug}/brain?view=ask&ask=${encodeURIComponent(question)}`)
  await shows(newest(page), answer)
  must(true, 'its card comes first')
  await newest(page).getByRole('link').first().click()
  const card = page.getByRole('dialog', { name: 'Knowledge' })
  await card.getByRole('button', { name: 'Edit the answer' }).click()
  const edited = answer.replace('Yes', 'Certainly')
  await card.getByRole('textbox', { name: 'Answer' }).fill(edited)
  await lookHere(page, 'card-edited')
  await card.getByRole('button', { name: 'Publish' }).click()
  await shows(card, 'Version 2')
  await page.goto(`${base}/${slug}/simulator`)
  await page.getByRole('button', { name }).click()
  must(
    (await askByPhone(page, name, question)).includes(edited),
    'the customer is answered with it, word for word',
  )
}

const browser = await launch()
await new Promise((resolve, reject) => site.on('error', reject).listen(Number(port), hostname, resolve))
try {
  const opened = await open(browser, { viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
  const { page } = opened
  const pages = await told(opened, async () => {
    await signInAs(page, base, owner, home)
    await step('a site is followed', () => follow(page))
    await step('it is asked', () => askTheSite(page))
    await page.goto(`${base}/${slug}/brain`)
    let documents = []
    await step('fifty documents are uploaded', async () => {
      documents = await uploadFifty(page, slug)
    })
    await step('and a folder', async () => documents.push(...(await uploadFolder(page))))
    await step('each is asked about', () => askEach(page, documents))
    await step('and the site again', () => askTheSite(page))
    let why = ''
    await step('an entry was expected that did not come', async () => {
      why = await whyNot(page, documents[0], documents[5])
    })
    await step('a question has no answer', () => answerUnanswered(page))
    await openSite(page)
    await crawled(page)
    const { pathname, search } = new URL(page.url())
    return pagesOf(pathname + search, why)
  })
  await lookInFaces(browser, base, 'its pages', [{ who: owner, landing: home, pages }])
  await told(opened, async () => {
    await step('it changes', () => change(page))
    await step('it is removed', () => remove(page))
  })
} finally {
  site.close()
  await browser.close()
}
conclude()
