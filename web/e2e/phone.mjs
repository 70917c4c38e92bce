// A customer in the simulator, with a phone in the hand.
import { patience } from './journey.mjs'

/** Adds a customer in the simulator and opens their phone. */
export async function newCustomer(page, home, name) {
  await page.goto(`${home}/simulator`)
  await page.getByRole('button', { name: 'New customer' }).click()
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Phone number').fill(`9715${String(Date.now()).slice(-8)}`)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('region', { name: `Phone of ${name}` }).waitFor({ timeout: patience })
}

/** Writes as the customer and gives the text of the answer. */
export async function askByPhone(page, name, question) {
  const phone = page.getByRole('region', { name: `Phone of ${name}` })
  const before = await phone.getByRole('listitem').count()
  await phone.getByRole('textbox').fill(question)
  await phone.getByRole('button', { name: 'Send' }).click()
  // The question, and exactly one answer.
  const answer = phone.getByRole('listitem').nth(before + 1)
  await answer.waitFor({ timeout: patience })
  return answer.innerText()
}
