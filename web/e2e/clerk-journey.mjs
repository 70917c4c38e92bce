// Signing in with Clerk, in a browser, against Clerk's stand-in: a super admin signs in, sees what Clerk keeps on the account
// page, makes a workspace and signs out; its owner opens the invitation, signs in first and joins; and with Clerk's script
// blocked the page says so in plain words. What the browser shows of Clerk here is the stand-in's, not Clerk's own.
//
//   flomastr-sim --clerk-listen 127.0.0.1:8104       prints the settings, with which the server must run, and besides
//   SUPER_ADMIN_EMAILS=root@people.test
//   node e2e/clerk-journey.mjs                       E2E_BASE names another server than http://localhost:8000
import { axe, launch, open } from './browser.mjs'
import { conclude, findings, must, patience, phone, screenshots, step } from './journey.mjs'

const base = process.env.E2E_BASE ?? 'http://localhost:8000'
const slug = `clerk-${Date.now().toString(36)}`
const owner = `${slug}@people.test`
const browser = await launch()

async function signIn(page, email) {
  await page.locator('input[name=identifier]').fill(email)
  await page.getByRole('button', { name: 'Continue' }).click()
}

const noPasswords = async (page, where) =>
  must((await page.locator('input[type=password]').count()) === 0, `${where} asks for no password of ours`)

try {
  const { context, page, troubles } = await open(browser, { viewport: phone, locale: 'en-GB' })
  let invitation = ''

  await step("a super admin signs in with Clerk's form", async () => {
    await page.goto(`${base}/sign-in?next=${encodeURIComponent('/account')}`)
    await page.locator('input[name=identifier]').waitFor({ timeout: patience })
    await noPasswords(page, 'the sign-in page')
    await page.screenshot({ path: `${screenshots}clerk-sign-in.png` })
    await signIn(page, 'root@people.test')
    await page.waitForURL(`${base}/account`)
    await page.getByText("kept by Clerk's stand-in").waitFor({ timeout: patience })
    await noPasswords(page, 'the account page')
    findings.push(...(await axe(page)))
    await page.screenshot({ path: `${screenshots}clerk-account.png`, fullPage: true })
  })

  await step('makes a workspace, and signs out at Clerk too', async () => {
    const made = await page.evaluate(
      async ({ slug, owner }) => {
        const answer = await fetch('/routes/api/v1/admin/tenants/provision', {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            Authorization: `Bearer ${await window.Clerk.session.getToken()}`,
          },
          body: JSON.stringify({ tenant_slug: slug, owner_email: owner }),
        })
        return answer.json()
      },
      { slug, owner },
    )
    must(made.invitation_link, 'there is an invitation for its owner')
    invitation = new URL(made.invitation_link).pathname
    await page.goto(`${base}/home`)
    await page.waitForURL(`${base}/admin`)
    await page.goto(`${base}/account`)
    await page.getByRole('button', { name: /menu/i }).click()
    findings.push(...troubles.splice(0))
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(/\/sign-in/)
    must(await page.evaluate(() => window.Clerk.session === null), "Clerk's session has ended")
    await page.goto(`${base}/account`)
    await page.waitForURL(/\/sign-in/)
    // Whoever has just signed out may be asked for once more by a page that is on its way out, and be refused.
    const late = troubles.some((one) => /^answer: 401 .*\/routes\/me\/role$/.test(one))
    findings.push(
      ...troubles
        .splice(0)
        .filter((one) => !/^answer: 401 .*\/routes\/me\/role$/.test(one))
        .filter((one) => !late || !/^console: .*status of 401/.test(one)),
    )
  })

  await step('the owner signs in first, then joins', async () => {
    await page.goto(base + invitation)
    await page.locator('input[name=identifier]').waitFor({ timeout: patience })
    await noPasswords(page, 'the invitation')
    await signIn(page, owner)
    await page.getByRole('button', { name: 'Join' }).click()
    await page.waitForURL(`${base}/${slug}/inbox`, { timeout: patience })
    await page.reload()
    await page.waitForURL(`${base}/${slug}/inbox`, { timeout: patience })
    must(true, 'and still is after the page was loaded again')
    await page.goto(`${base}/reset-password`)
    await page.waitForURL(/\/(sign-in|home|clerk-)/)
    must(true, 'there is no password to forget')
  })

  findings.push(...troubles)
  await context.close()

  await step("Clerk's script is blocked", async () => {
    const blocked = await open(browser, { viewport: phone, locale: 'en-GB' })
    await blocked.context.route('**/npm/@clerk/**', (route) => route.abort('blockedbyclient'))
    await blocked.page.goto(`${base}/sign-in`, { waitUntil: 'commit' })
    await blocked.page.getByText('is loading').waitFor({ timeout: patience })
    await blocked.page.getByText('The sign-in service cannot be reached').waitFor({ timeout: patience })
    findings.push(...(await axe(blocked.page)))
    await blocked.page.screenshot({ path: `${screenshots}clerk-away.png` })
    await blocked.page.goto(`${base}/account`, { waitUntil: 'commit' })
    await blocked.page.getByText('The sign-in service cannot be reached').waitFor({ timeout: patience })
    must(true, 'and so does every page that needs to know who is there')
    await blocked.context.close()
  })
} finally {
  await browser.close()
}
conclude()
