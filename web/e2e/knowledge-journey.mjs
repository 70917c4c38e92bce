// What a business knows, in a browser against the running demo: a web site is looked at, followed and asked about; it
// changes, and only that is read again; fifty files of many kinds are dropped at once and each answers a question; the
// site is removed with its pages. Then the pages are looked at.
//
//   node e2e/knowledge-journey.mjs  the demo must run (make run-detached), and the server must be allowed to read pages
//                                   from this machine: FLOMASTR_FETCH_ALLOW=http://127.0.0.1:PORT, here and there
import { createServer } from 'node:http'
import { launch, open } from './browser.mjs'
import { demo, newPrice, newWord, pdf, page as webPage } from './demo.mjs'
import { conclude, lookInFaces, must, patience, shows, signInAs, step, told } from './journey.mjs'

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

const pagesOf = (site) => ({
  sites: { path: `/${slug}/brain`, sign: 'main a[href*="site="]' },
  site: { path: site, sign: 'dialog[open] li' },
  follow: { path: `/${slug}/brain?add=page`, sign: 'dialog[open] form' },
})

const sentence = ({ thing, price }) => `A full ${thing} service costs ${price} dirhams.`
const kinds = {
  md: (fact) => `# ${fact.thing}\n\n${sentence(fact)}\n`,
  txt: (fact) => `${fact.thing}\n\n${sentence(fact)}\n`,
  html: (fact) => webPage(fact.thing, fact.price),
  pdf: (fact) => pdf([`${fact.thing} tariff`, '', sentence(fact)]),
  csv: (fact) => `Service,Price in dirhams\nfull ${fact.thing} service,${fact.price}\n`,
}

async function dropFifty(page) {
  const names = Object.keys(kinds)
  const facts = Array.from({ length: 50 }, (_, index) => {
    const kind = names[index % names.length]
    return { thing: newWord(), price: newPrice(), kind }
  })
  await page.goto(`${base}/${slug}/brain?add=files`)
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose files' }).click()
  const files = facts.map((fact) => ({
    name: `${fact.thing}.${fact.kind}`,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(kinds[fact.kind](fact)),
  }))
  await (await chooser).setFiles(files)
  await page.getByText('50 of 50 uploaded').first().waitFor({ timeout: 5 * patience })
  must(true, 'fifty files are uploaded')
  for (const fact of facts) await answers(page, `How much is a full ${fact.thing} service?`, fact.price)
  must(true, 'and each of them answers')
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
    await openSite(page)
    await crawled(page)
    const { pathname, search } = new URL(page.url())
    return pagesOf(pathname + search)
  })
  await lookInFaces(browser, base, 'its pages', [{ who: owner, landing: home, pages }])
  await told(opened, async () => {
    await step('it changes', () => change(page))
    await step('it is removed', () => remove(page))
    await step('fifty files', () => dropFifty(page))
  })
} finally {
  site.close()
  await browser.close()
}
conclude()
