// Fifty documents of all kinds on their way to the brain: with a server that asks for patience, a pause, a look at another
// page, a failure that is tried again, and files that nobody could read. Then each of them is asked about.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { newPrice } from './demo.mjs'
import { fiftyDocuments } from './documents.mjs'
import { lookHere, must, patience, shows } from './journey.mjs'

const button = (page, name) => page.getByRole('button', { name, exact: true })
const panel = (page) => page.getByRole('region', { name: 'Uploads' })

/** Chooses files on the brain's page, which is open. */
async function choose(page, files) {
  await button(page, 'Add knowledge').first().click()
  const chooser = page.waitForEvent('filechooser')
  await button(page, 'Choose files').click()
  const named = files.map(({ name, buffer }) => ({ name, mimeType: 'application/octet-stream', buffer }))
  await (await chooser).setFiles(named)
}

/**
 * Stands between the page and the server: the third upload is told to wait, the sixth is refused once, and from the
 * twelfth on they are held up until the gate opens.
 */
async function troubled(page) {
  const seen = { uploads: 0 }
  let open
  const gate = new Promise((resolve) => {
    open = resolve
  })
  const problem = (status, detail, headers = {}) => ({
    status,
    headers,
    contentType: 'application/problem+json',
    body: JSON.stringify({ status, detail, code: 'of_this_test' }),
  })
  await page.route('**/routes/knowledge/*/files', async (route) => {
    const number = ++seen.uploads
    if (number === 3)
      return route.fulfill(problem(429, 'Too many requests.', { 'Retry-After': '2' })).catch(() => {})
    if (number === 6) return route.fulfill(problem(422, 'The cat sat on the server.')).catch(() => {})
    if (number > 12) await gate
    return route.continue().catch(() => {}) // the page may have given it up meanwhile
  })
  return { seen, open }
}

/** How many files are in a state, by the panel. */
async function count(page, state) {
  const [found] = await panel(page)
    .getByRole('button', { name: new RegExp(`^${state} \\d+$`) })
    .allInnerTexts()
  return Number(/\d+/.exec(found ?? '0')[0])
}

async function until(what, holds) {
  const end = Date.now() + 5 * patience
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it did not come true: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  must(true, what)
}

/** Whether the browser would ask before it closes the page. */
const warns = (page) => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })))

/** A folder in which two files have one name, beside what a system leaves there. */
export async function uploadFolder(page) {
  const root = mkdtempSync(`${tmpdir()}/folder-`)
  const seasons = [2025, 2026].map((year) => ({ year, price: newPrice() }))
  try {
    for (const { year, price } of seasons) {
      mkdirSync(`${root}/${year}`)
      writeFileSync(
        `${root}/${year}/skates.md`,
        `# Skates\n\nA pair of skates cost ${price} dirhams in ${year}.\n`,
      )
    }
    writeFileSync(`${root}/2026/.DS_Store`, 'x')
    await button(page, 'Add knowledge').first().click()
    const chooser = page.waitForEvent('filechooser')
    await button(page, 'Choose a folder').click()
    await (await chooser).setFiles(root)
    await until('a folder is read with its files of one name', async () => (await count(page, 'Ready')) === 2)
    must((await count(page, 'All')) === 2, 'and nothing else')
    await button(page, 'Clear the list').click()
  } finally {
    rmSync(root, { recursive: true })
  }
  return seasons.map(({ year, price }) => ({
    title: `${basename(root)} / ${year} / skates`,
    question: `What did skates cost in ${year}?`,
    answer: price,
  }))
}

export async function uploadFifty(page, slug) {
  const documents = fiftyDocuments()
  const bad = [
    { name: 'setup.exe', buffer: Buffer.from('MZ') },
    { name: 'nothing.md', buffer: Buffer.alloc(0) },
  ]
  const { seen, open } = await troubled(page)
  await choose(page, [...documents, ...bad])
  await shows(panel(page), 'The server asks for a moment')
  must(true, 'a server that is busy is waited for')
  await until('it goes on by itself', () => seen.uploads > 12)
  must(await warns(page), 'the browser would warn who closes the page')
  await button(page, 'Pause').click()
  await shows(panel(page), 'Paused')
  await until('nothing is on its way in a pause', async () => (await count(page, 'Uploading')) === 0)
  const { uploads } = seen
  await page.getByRole('link', { name: /^Inbox/ }).click()
  await page.waitForURL(`**/${slug}/inbox`)
  await shows(page.getByRole('navigation').first(), /\d+ left/)
  must(true, 'another page tells how many are left')
  await page.getByRole('link', { name: /^Brain/ }).click()
  await shows(panel(page), 'Paused')
  open()
  must(seen.uploads === uploads, 'the pause outlasts a look at another page')
  await button(page, 'All 52').click()
  await lookHere(page, 'uploads-paused')
  await button(page, 'Go on').click()
  await shows(panel(page), '49 of 52 uploaded')
  must(!(await warns(page)), 'nobody is warned any more')
  must((await count(page, 'Failed')) === 3, 'what the server refused has failed, and what it would refuse')
  await page.getByRole('button', { name: /^Failed/ }).click()
  for (const sentence of ['The cat sat on the server.', 'This type of file cannot be read', 'no text in it'])
    await shows(panel(page), sentence)
  await lookHere(page, 'uploads-failed')
  await button(page, 'Retry failed').click()
  await until('what is tried again arrives', async () => (await count(page, 'Failed')) === 2)
  await until('every document is read', async () => (await count(page, 'Ready')) === 50)
  await button(page, 'Clear the list').click()
  await choose(page, documents)
  await until('a file that is there already is no work', async () => (await count(page, 'Unchanged')) === 50)
  await button(page, 'Clear the list').click()
  await page.unroute('**/routes/knowledge/*/files')
  return documents
}

/** Asks about each; what comes first is the document that holds the answer. */
export async function askEach(page, documents) {
  const wrong = []
  for (const { title, question, answer } of documents) {
    const field = page.getByRole('textbox', { name: 'Ask the brain' })
    await field.fill(question)
    await field.press('Enter')
    await page.waitForURL((url) => url.searchParams.get('ask') === question)
    const region = page.getByRole('region', { name: 'Ask the brain' })
    const first = region.locator('ol > li').first()
    await first
      .filter({ has: page.getByRole('link', { name: title, exact: true }), hasText: answer })
      .waitFor({ timeout: 15_000 })
      .catch(async () =>
        wrong.push(`${title}: ${question} ${answer}: ${(await region.innerText()).slice(0, 400)}`),
      )
  }
  if (wrong.length > 0) throw new Error(`not first:\n${wrong.join('\n')}`)
  must(true, `each of ${documents.length} documents comes first for its question`)
}
