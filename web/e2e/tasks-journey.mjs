// What waits for a person, in a browser against the running demo: a business lets nothing go unseen, a customer asks, an agent
// with a phone in the hand approves the draft in two taps, sends another one back with what is missing, and approves that in
// other words. The customer gets each answer once. Then the pages are looked at.
//
//   node e2e/tasks-journey.mjs       the demo must run (make run-detached)
import { launch, open } from './browser.mjs'
import { demo, newWord } from './demo.mjs'
import {
  conclude,
  inHand,
  lookHere,
  lookInFaces,
  must,
  patience,
  phone,
  signInAs,
  step,
  told,
} from './journey.mjs'
import { newCustomer } from './phone.mjs'

const { base_url: base, tenants } = demo()
const { id, slug, users, channels } = tenants[0]
const owner = users[0]
const home = `**/${slug}/inbox`
const name = `Guest ${newWord()}`
const added = `Ask for ${newWord()} at the desk.`
const button = (page, text) => page.getByRole('button', { name: text, exact: true })

async function call(method, path, token, body) {
  const response = await fetch(base + path, {
    method,
    headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Says what the assistant may do by itself on all numbers of the business. */
async function allow(mode) {
  const { email, password } = owner
  const { access_token: token } = await call('POST', '/auth/sign-in', undefined, { email, password })
  for (const channel of channels)
    await call('PATCH', `/routes/tenants/${id}/channels/${channel.id}`, token, { mode })
}

const messages = (page) => page.getByRole('region', { name: `Phone of ${name}` }).getByRole('listitem')

async function write(page, text) {
  const here = page.getByRole('region', { name: `Phone of ${name}` })
  await here.getByRole('textbox').fill(text)
  await here.getByRole('button', { name: 'Send' }).click()
  await messages(page).filter({ hasText: text }).first().waitFor({ timeout: patience })
}

/** The customer's question among those that wait. */
const waiting = (page, question) =>
  page.locator('main li a').filter({ hasText: name }).filter({ hasText: question }).first()

/** Opens the task of a question and decides it, each with one tap, and tells how many that were. */
async function decide(page, question, decision) {
  let taps = 0
  const tap = (target) => {
    taps++
    return target.tap()
  }
  const row = waiting(page, question)
  await row.waitFor({ timeout: patience })
  await tap(row)
  await page.getByRole('heading', { name: question }).waitFor({ timeout: patience })
  await decision(tap)
  return taps
}

const ended = (page, text) =>
  page.locator('main article').getByText(text, { exact: true }).first().waitFor({ timeout: patience })

async function journey(customer, agent) {
  await step('a customer asks, and nothing goes unseen', async () => {
    await write(customer, 'How much is an eye test?')
    await agent.goto(`${base}/${slug}/tasks`)
    await waiting(agent, 'How much is an eye test?').waitFor({ timeout: patience })
    must((await messages(customer).count()) === 1, 'nothing was answered')
  })
  await step('the draft is approved', async () => {
    const taps = await decide(agent, 'How much is an eye test?', async (tap) => {
      await lookHere(agent, 'task', button(agent, 'Approve and send'))
      await tap(button(agent, 'Approve and send'))
      await ended(agent, 'Approved')
    })
    must(taps === 2, 'in two taps')
    const answer = messages(customer).nth(1)
    await answer.waitFor({ timeout: patience })
    must((await answer.innerText()).includes('120'), 'the customer has the answer')
  })
  await step('another is sent back', async () => {
    await write(customer, 'Where is the Al Barsha shop?')
    await agent.goto(`${base}/${slug}/tasks`)
    await decide(agent, 'Where is the Al Barsha shop?', async (tap) => {
      await tap(button(agent, 'Send back'))
      await agent.getByRole('textbox').fill('Is there parking at the Al Barsha shop?')
      await lookHere(agent, 'task-sent-back', button(agent, 'Send back'))
      await tap(button(agent, 'Send back'))
      await ended(agent, 'Sent back')
    })
    must((await messages(customer).count()) === 3, 'the customer is told nothing yet')
  })
  await step('the new draft goes in other words', async () => {
    await agent.goto(`${base}/${slug}/tasks`)
    await decide(agent, 'Where is the Al Barsha shop?', async (tap) => {
      const draft = await agent.getByRole('region', { name: 'The answer, as drafted' }).innerText()
      must(/Palm Grove Mall/.test(draft) && /park/i.test(draft), 'it holds what was missing')
      await tap(button(agent, 'Edit'))
      const words = agent.getByRole('textbox', { name: 'Your reply' })
      await words.fill(`${await words.inputValue()}\n${added}`)
      await tap(button(agent, 'Approve and send'))
      await ended(agent, 'Approved')
    })
    const answer = messages(customer).nth(3)
    await answer.waitFor({ timeout: patience })
    must((await answer.innerText()).includes(added), 'the customer has those words')
    must((await messages(customer).count()) === 4, 'each answer came once')
  })
  return new URL(agent.url()).pathname
}

const browser = await launch()
try {
  const desk = await open(browser, { viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
  const hand = await open(browser, { ...inHand, viewport: phone, locale: 'en-GB' })
  await signInAs(desk.page, base, owner, home)
  await signInAs(hand.page, base, owner, home)
  await newCustomer(desk.page, `${base}/${slug}`, name)
  await allow('approve')
  let task
  try {
    task = await told(hand, () => journey(desk.page, hand.page))
  } finally {
    await allow('automatic')
  }
  await lookInFaces(browser, base, 'its pages', [
    {
      who: owner,
      landing: home,
      pages: {
        tasks: { path: `/${slug}/tasks`, sign: 'main nav a[aria-current=page]' },
        'tasks-done': { path: `/${slug}/tasks?show=ended`, sign: 'main li a' },
        'task-done': { path: task, sign: 'main article' },
      },
    },
  ])
} finally {
  await browser.close()
}
conclude()
