// A tenant's life, in a browser against the running demo: the operator sets a business up and sees its steps; its owner
// comes in by the link of the mail, invites a colleague, and gives the house its logo, which is then worn on the tenant's
// own host, in the page and in the tab. The operator suspends it, and its people are told; it is reactivated, deleted and
// restored. Then every page of the administration, the settings and the account is looked at in both sizes, light and
// dark, English and Arabic, and axe judges each of them in light and in dark.
//
//   node e2e/admin-journey.mjs     the demo must run (make run-detached)
import { launch, open } from './browser.mjs'
import { demo, newWord } from './demo.mjs'
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

const { base_url: base, super_admin: operator } = demo()
const word = newWord()
const slug = `journey-${word}`
const name = `Journey ${word}`
const owner = { email: `owner-${word}@journey.example`, password: `quiet ${newWord()} river ${newWord()}` }
const member = { email: `member-${word}@journey.example`, password: `tall ${newWord()} window ${newWord()}` }
const host = base.replace('//', `//${slug}.`)

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="#7a1fa2"/>
<path d="M18 44V20l14 16 14-16v24" fill="none" stroke="#ffffff" stroke-width="6" stroke-linecap="round" stroke-linejoin="round"/></svg>`

/** A person with a browser of their own. */
const person = (browser) => open(browser, { ...inHand, viewport: phone })

async function provision(admin) {
  const { page } = admin
  await signInAs(page, base, operator, '**/admin')
  must(true, 'an operator without a workspace lands in the administration')
  await page.goto(`${base}/admin/tenants`)
  await page.getByRole('button', { name: 'Set up a tenant' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill(name)
  must(
    (await dialog.getByLabel('Address', { exact: true }).inputValue()) === slug,
    'the address follows the name',
  )
  await dialog.getByLabel('Owner’s e-mail').fill(owner.email)
  await dialog.getByRole('button', { name: 'Set it up' }).click()
  await dialog.getByText('Database of its own').waitFor({ timeout: patience })
  await dialog.getByRole('progressbar', { name: 'Progress' }).waitFor()
  await dialog.getByText('The workspace is ready.').waitFor({ timeout: patience })
  await page.screenshot({ path: `${screenshots}provisioned-phone-light-en.png` })
  must(true, 'a tenant is set up, and its steps are seen')
}

/** The link of the newest mail to somebody, as the operator finds it. */
async function linkTo(admin, email) {
  const { page } = admin
  await page.goto(`${base}/admin/mail`)
  await page.getByRole('link', { name: email }).first().click({ timeout: patience })
  const dialog = page.getByRole('dialog')
  const link = await dialog.getByLabel('Link in the mail').first().inputValue({ timeout: patience })
  await page.screenshot({ path: `${screenshots}mail-open-phone-light-en.png` })
  return link
}

async function join(guest, link, { password }) {
  const { page } = guest
  await page.goto(link)
  await page.getByLabel('New password').fill(password)
  await page.screenshot({ path: `${screenshots}invite-phone-light-en.png` })
  await page.getByRole('button', { name: 'Set the password and join' }).click()
  await page.waitForURL(`**/${slug}/inbox`, { timeout: patience })
}

async function inviteMember({ page }) {
  await page.goto(`${base}/${slug}/settings/team`)
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('E-mail').fill(member.email)
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click()
  const link = await page
    .getByRole('dialog', { name: 'Invited' })
    .getByLabel('Link of the invitation')
    .inputValue({ timeout: patience })
  await page.screenshot({ path: `${screenshots}invited-phone-light-en.png` })
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await shows(page, member.email)
  return link
}

/** The icon that a tab would show, as bytes. */
async function tabIcon(page) {
  return page.evaluate(async () => {
    const link = [...document.querySelectorAll('link[rel=icon]')].find(
      (one) => one instanceof HTMLLinkElement && (!one.media || matchMedia(one.media).matches),
    )
    const answer = await fetch(link instanceof HTMLLinkElement ? link.href : '/favicon.ico')
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return answer.ok ? bytes.reduce((sum, byte) => (sum * 31 + byte) >>> 0, bytes.length) : 0
  })
}

async function dress({ page }) {
  await page.goto(`${base}/`)
  await page.locator('h1').waitFor()
  const platforms = await tabIcon(page)
  await page.goto(`${base}/${slug}/settings/branding`)
  await shows(page, 'No logo yet')
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Upload a logo' }).click()
  await (await chooser).setFiles({ name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(logo) })
  await page.getByRole('img', { name: 'The logo on a light ground' }).waitFor({ timeout: patience })
  await page.getByLabel('Main colour', { exact: true }).fill('#7A1FA2')
  await page.getByRole('button', { name: 'Save' }).click()
  await shows(page, 'Saved.')
  must((await tabIcon(page)) !== platforms, 'a logo is uploaded, and the tab wears it at once')

  await page.goto(`${host}/`)
  const shown = page.locator('header img')
  await shown.waitFor({ timeout: patience })
  must(await shown.evaluate((one) => one.naturalWidth > 0), 'the tenant’s host shows the logo')
  must((await page.title()) === name, 'and the tenant’s name')
  const icon = await tabIcon(page)
  must(icon !== 0 && icon !== platforms, 'and its icon in the tab')
  await page.screenshot({ path: `${screenshots}tenant-host-phone-light-en.png` })
}

/** Does something to the tenant, with a reason. */
async function act({ page }, action, status) {
  await page.goto(`${base}/admin/tenants/${slug}`)
  await page.getByRole('button', { name: action, exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('The journey wants to see it.')
  await dialog.getByRole('button', { name: action, exact: true }).click()
  await dialog.waitFor({ state: 'hidden', timeout: patience })
  await page.getByText(status, { exact: true }).first().waitFor({ timeout: patience })
}

async function life(admin, ofOwner, ofMember) {
  await act(admin, 'Suspend', 'Suspended')
  await ofOwner.page.goto(`${base}/${slug}/settings/profile`)
  await shows(ofOwner.page, 'This workspace is suspended')
  must(true, 'the owner of a suspended tenant reads on, and is told')
  await ofMember.page.goto(`${base}/${slug}/inbox`)
  await shows(ofMember.page, 'This workspace is suspended')
  must(true, 'a member is told as well')
  await act(admin, 'Reactivate', 'Active')
  await ofMember.page.goto(`${base}/${slug}/inbox`)
  await shows(ofMember.page, 'No conversations yet')
  must(true, 'once reactivated it works again')
  await act(admin, 'Delete', 'Deleted, can be restored')
  await ofMember.page.goto(`${base}/${slug}/inbox`)
  await shows(ofMember.page, 'Not found')
  must(true, 'a deleted tenant is as absent as one that never was')
  await act(admin, 'Restore', 'Active')
  await ofMember.page.goto(`${base}/${slug}/inbox`)
  await shows(ofMember.page, 'No conversations yet')
  must(true, 'and comes back when it is restored')
}

/** The owner, whose address is proven, becomes a platform admin: they see what the permissions open, and nothing else is offered. */
async function reads(admin, { page }) {
  await admin.page.goto(`${base}/admin/users`)
  await admin.page.getByRole('button', { name: 'Add a user' }).click()
  const dialog = admin.page.getByRole('dialog')
  await dialog.getByLabel('E-mail').fill(owner.email)
  await dialog.getByLabel('Role').selectOption('admin')
  await dialog.locator('button[type=submit]').click()
  await dialog.waitFor({ state: 'hidden', timeout: patience })
  await page.goto(`${base}/admin/tenants/${slug}`)
  await shows(page, 'The journey wants to see it.')
  must(true, 'a platform admin reads what state a tenant is in, and why')
  for (const action of ['Suspend', 'Delete', 'Change', 'Visit'])
    must((await page.getByRole('button', { name: action }).count()) === 0, `and is offered no “${action}”`)
  for (const closed of ['mail', 'audit-log', 'visits']) {
    must((await page.locator(`a[href="/admin/${closed}"]`).count()) === 0, `nor /admin/${closed}`)
    await page.goto(`${base}/admin/${closed}`)
    await shows(page, 'Not allowed')
  }
}

const operatorsPages = {
  admin: { path: '/admin', sign: 'main h2' },
  'admin-tenants': { path: '/admin/tenants', sign: `a[href="/admin/tenants/${slug}"]` },
  'admin-provision': { path: '/admin/tenants?form=provision', sign: 'dialog[open] form' },
  'admin-tenant': { path: `/admin/tenants/${slug}`, sign: 'main dl' },
  'admin-templates': { path: '/admin/waba-templates', sign: `a[href*="tenant=${slug}"]` },
  'admin-templates-of': { path: `/admin/waba-templates?tenant=${slug}`, sign: 'main h1' },
  'admin-users': { path: '/admin/users', sign: 'main h1' },
  'admin-mail': { path: '/admin/mail', sign: 'main h1' },
  'admin-visits': { path: '/admin/visits', sign: 'main h1' },
  'admin-audit': { path: '/admin/audit-log', sign: 'main h1' },
  'admin-health': { path: '/admin/health', sign: 'main h2' },
}
const ownersPages = {
  settings: { path: `/${slug}/settings`, sign: 'h1' },
  'settings-profile': { path: `/${slug}/settings/profile`, sign: 'main form' },
  'settings-branding': { path: `/${slug}/settings/branding`, sign: 'main form' },
  'settings-team': { path: `/${slug}/settings/team`, sign: 'main select' },
  'settings-tokens': { path: `/${slug}/settings/api-tokens`, sign: 'main h1' },
  'settings-policies': { path: `/${slug}/settings/policies`, sign: 'main form' },
  'settings-audit': { path: `/${slug}/settings/audit-log`, sign: 'main h1' },
  account: { path: '/account', sign: 'main form' },
  'reset-password': { path: '/reset-password', sign: 'form' },
}

const browser = await launch()
try {
  const admin = await person(browser)
  const ofOwner = await person(browser)
  const ofMember = await person(browser)
  await step('a tenant is set up', () => told(admin, () => provision(admin)))
  await step('its people come in', async () => {
    const link = await told(admin, () => linkTo(admin, owner.email))
    await told(ofOwner, () => join(ofOwner, link, owner))
    must(true, 'the owner comes in by the link of the mail')
    const second = await told(ofOwner, () => inviteMember(ofOwner))
    await told(ofMember, () => join(ofMember, second, member))
    must(true, 'and a colleague by the owner’s')
  })
  await step('it gets its own look', () => told(ofOwner, () => dress(ofOwner)))
  for (const { troubles } of [admin, ofOwner, ofMember]) findings.push(...troubles)
  // From here on refusals are what is wanted.
  await step('it lives', () => told(admin, () => life(admin, ofOwner, ofMember)))
  await step('a platform admin reads', () => told(ofOwner, () => reads(admin, ofOwner)))
  for (const { context } of [admin, ofOwner, ofMember]) await context.close()
  await lookInFaces(browser, base, 'every page', [
    { who: operator, landing: '**/admin', pages: operatorsPages },
    { who: owner, landing: `**/${slug}/inbox`, pages: ownersPages },
  ])
} finally {
  await browser.close()
}
conclude()
