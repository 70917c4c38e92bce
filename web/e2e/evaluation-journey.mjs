// How well a business's knowledge answers, in a browser against the running demo: a question set is typed and another is
// pasted, they are asked with progress on the screen, two runs are compared. A release is staged, asked the same questions,
// promoted and rolled back. Then the pages are looked at.
//
//   node e2e/evaluation-journey.mjs  the demo must run (make run-detached)
import { launch, open } from './browser.mjs'
import { demo, newPrice, newWord } from './demo.mjs'
import { conclude, lookInFaces, must, patience, shows, signInAs, step, told } from './journey.mjs'

const { base_url: base, tenants } = demo()
const { slug, users } = tenants[0]
const owner = users[0]
const home = `**/${slug}/inbox`
const thing = newWord()
const title = `The ${thing} service`
const question = `How much is a full ${thing} service?`
const price = newPrice()
const nextPrice = newPrice()
const releaseName = `Prices of ${thing}`
const button = (page, name) => page.getByRole('button', { name, exact: true })

const textWith = (amount) =>
  `# ${title}\n\nA full ${thing} service costs ${amount} dirhams, parts and labour included.`

async function addKnowledge(page) {
  await page.goto(`${base}/${slug}/brain?add=text`)
  await page.getByRole('textbox', { name: 'Title' }).fill(title)
  await page.getByRole('textbox', { name: 'Text' }).fill(textWith(price))
  await page.locator('dialog[open] form button[type=submit]').click()
  await page.locator('dialog[open]').waitFor({ state: 'detached', timeout: patience })
  const end = Date.now() + patience
  do {
    if (Date.now() > end) throw new Error('the text is not read')
    await page.goto(`${base}/${slug}/brain?view=ask&ask=${encodeURIComponent(question)}`)
    await page
      .getByText(/passages? found|No passage was found/)
      .first()
      .waitFor({ timeout: patience })
  } while (!(await page.locator('main').innerText()).includes(title))
}

async function typeSet(page) {
  await page.goto(`${base}/${slug}/brain`)
  await page.getByRole('link', { name: 'Evaluations' }).click()
  await page.getByRole('button', { name: 'New question set' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill(`Typed ${thing}`)
  await page.getByRole('textbox', { name: 'Question 1' }).fill(question)
  await button(page, 'Entry that answers it').click()
  await page.getByRole('searchbox').fill(thing)
  await button(page, title).click()
  await button(page, 'Save').click()
  await page.getByRole('heading', { name: `Typed ${thing}` }).waitFor({ timeout: patience })
  await shows(page, 'These questions were never asked')
  must(true, 'a typed set is saved')
}

/** Asks the set on the screen, and waits for what comes of it. */
async function ask(page, came) {
  await button(page, 'Ask all questions').click()
  await page.getByRole('status').filter({ hasText: came }).first().waitFor({ timeout: patience })
  must(true, `it is asked: ${came}`)
}

async function pasteSet(page) {
  await page.goto(`${base}/${slug}/brain/evaluations?form=new`)
  await page.getByRole('textbox', { name: 'Name' }).fill(`Pasted ${thing}`)
  await button(page, 'Table or files').click()
  const table = page.getByRole('textbox', { name: 'Table (CSV)' })
  await table.fill(`question,expected\n${question},${title}\nWho won the ${newWord()} cup in 1971?,\n`)
  await button(page, 'Save').click()
  await page.getByRole('heading', { name: `Pasted ${thing}` }).waitFor({ timeout: patience })
  must(true, 'a pasted set is saved')
}

async function compare(page) {
  const select = page.getByRole('combobox', { name: 'Compare with' })
  await select.selectOption({ index: 1 })
  await page.getByRole('heading', { name: 'Worse: 0' }).waitFor({ timeout: patience })
  must(await page.getByText('As before: 2').isVisible(), 'two runs are compared')
}

/** Asks the brain that serves, and tells which of the two prices it knows. */
async function serves(page, amount, other) {
  await page.goto(`${base}/${slug}/brain?view=ask&ask=${encodeURIComponent(question)}`)
  await page
    .getByText(/passages? found/)
    .first()
    .waitFor({ timeout: patience })
  const found = await page.locator('main').innerText()
  must(found.includes(amount) && !found.includes(other), `what serves says ${amount}`)
}

async function stage(page) {
  await page.goto(`${base}/${slug}/brain`)
  await page.getByRole('link', { name: 'Releases' }).click()
  await page.getByRole('button', { name: 'Stage a release' }).first().click()
  const form = page.locator('dialog[open] form')
  await form.getByRole('textbox', { name: 'Name' }).fill(releaseName)
  await form.getByRole('button', { name: 'Stage a release' }).click()
  await page.getByRole('heading', { name: releaseName }).waitFor({ timeout: patience })
  await button(page, 'Add a change').click()
  await form.getByRole('textbox', { name: 'Title of the entry' }).fill(title)
  await form.getByRole('textbox', { name: 'New text' }).fill(textWith(nextPrice))
  await form.getByRole('button', { name: 'Add a change' }).click()
  await page.locator('dialog[open]').waitFor({ state: 'detached', timeout: patience })
  await page.getByText('Prepared', { exact: true }).waitFor({ timeout: patience })
  await button(page, 'Difference').click()
  await shows(page, nextPrice)
  must((await page.locator('main').innerText()).includes(price), 'the difference shows both prices')
}

async function act(page, name, came) {
  await button(page, name).click()
  await page.getByRole('dialog').getByRole('button', { name, exact: true }).click()
  await page.getByRole('status').filter({ hasText: came }).first().waitFor({ timeout: patience })
  must(true, `the release is ${came.toLowerCase()}`)
}

const browser = await launch()
try {
  const opened = await open(browser, { viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
  const { page } = opened
  const pages = await told(opened, async () => {
    await signInAs(page, base, owner, home)
    await step('knowledge is added', () => addKnowledge(page))
    await step('questions are typed', () => typeSet(page))
    await step('and asked', () => ask(page, '1 of 1 right'))
    await step('questions are pasted', () => pasteSet(page))
    await step('and asked', () => ask(page, '2 of 2 right'))
    const result = new URL(page.url())
    await step('and asked again', async () => {
      await ask(page, '2 of 2 right')
      await page.getByRole('combobox', { name: 'Compare with' }).waitFor({ timeout: patience })
    })
    await step('both are compared', () => compare(page))
    const compared = new URL(page.url())
    await step('a release is staged', () => stage(page))
    const release = new URL(page.url())
    await step('and answers nobody', () => serves(page, price, nextPrice))
    await step('and is asked the same questions', async () => {
      await page.goto(result.href)
      await button(page, `Ask the release “${releaseName}”`).click()
      await page
        .getByRole('status')
        .filter({ hasText: '2 of 2 right' })
        .first()
        .waitFor({ timeout: patience })
    })
    await step('it is promoted', async () => {
      await page.goto(release.href)
      await act(page, 'Promote', 'Promoted')
      await serves(page, nextPrice, price)
    })
    await step('and rolled back', async () => {
      await page.goto(release.href)
      await act(page, 'Roll back', 'Rolled back')
      await serves(page, price, nextPrice)
    })
    return {
      releases: { path: `/${slug}/brain/releases`, sign: 'main a[href*="release="]' },
      release: { path: release.pathname + release.search, sign: 'main ol > li' },
      'change-of-release': {
        path: `${release.pathname}${release.search}&form=new`,
        sign: 'dialog[open] form',
      },
      evaluations: { path: `/${slug}/brain/evaluations`, sign: 'main a[href*="set="]' },
      evaluation: { path: result.pathname + result.search, sign: 'main ol > li' },
      comparison: { path: compared.pathname + compared.search, sign: 'main h3' },
      'new-questions': { path: `/${slug}/brain/evaluations?form=new`, sign: 'dialog[open] form' },
      'edit-questions': {
        path: `${result.pathname}${result.search}&form=edit`,
        sign: 'dialog[open] form fieldset',
      },
      'brain-with-evaluations': { path: `/${slug}/brain`, sign: 'main a[href$="/evaluations"]' },
    }
  })
  await lookInFaces(browser, base, 'its pages', [{ who: owner, landing: home, pages }])
} finally {
  await browser.close()
}
conclude()
