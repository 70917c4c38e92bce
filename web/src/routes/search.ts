// What each page keeps in its address. An address comes from anywhere: whatever does not fit is left out.

type Search = Record<string, unknown>

const text = (value: unknown, limit = 300): string | undefined => {
  // The router reads ?q=42 as a number.
  const string = typeof value === 'number' ? String(value) : value
  return typeof string === 'string' && string !== '' && string.length <= limit ? string : undefined
}

/** Leaves out what is undefined, so that an address shows only what was chosen. */
const chosen = <T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

export type SignInSearch = { next?: string }

/** Where to go after the sign-in: a page of ours, never another site. */
export function signInSearch(search: Search): SignInSearch {
  const next = text(search.next, 2000)
  return chosen({ next: next && /^\/(?![/\\])/.test(next) ? next : undefined })
}

export type InboxSearch = { q?: string; why?: string; who?: true }

/** q: what the list is searched for; why: the message whose reasons are shown; who: the person is. */
export function inboxSearch(search: Search): InboxSearch {
  return chosen({
    q: text(search.q),
    why: text(search.why, 64),
    who: search.who === true ? (true as const) : undefined,
  })
}

export type TasksSearch = { show?: 'mine' | 'ended' }

/** show: those given to the person, or those that have ended, in the place of all that are open. */
export function tasksSearch(search: Search): TasksSearch {
  const views = ['mine', 'ended'] as const
  return chosen({ show: views.find((view) => view === search.show) })
}

export type BrainSearch = {
  q?: string
  item?: string
  site?: string
  view?: 'ask'
  ask?: string
  expect?: string
  questions?: true
  embedder?: true
  add?: 'files' | 'page' | 'text' | 'card'
}

/** q: what the list is searched for; item, site: the open one; view and ask: the question asked; expect: the entry that it should have found; questions: those without an answer are shown; embedder: its settings are; add: the open form. */
export function brainSearch(search: Search): BrainSearch {
  const ways = ['files', 'page', 'text', 'card'] as const
  const add = ways.find((way) => way === search.add)
  return chosen({
    q: text(search.q),
    item: text(search.item, 64),
    site: text(search.site, 64),
    view: search.view === 'ask' ? ('ask' as const) : undefined,
    ask: text(search.ask, 2000),
    expect: text(search.expect, 64),
    questions: search.questions === true ? (true as const) : undefined,
    embedder: search.embedder === true ? (true as const) : undefined,
    add,
  })
}

export type EvaluationsSearch = { set?: string; run?: string; before?: string; form?: 'new' | 'edit' }

/** set, run: the ones that are looked at; before: the run that it is compared with; form: the open one. */
export function evaluationsSearch(search: Search): EvaluationsSearch {
  return chosen({
    set: text(search.set, 64),
    run: text(search.run, 64),
    before: text(search.before, 64),
    form: search.form === 'new' || search.form === 'edit' ? search.form : undefined,
  })
}

export type ReleasesSearch = { release?: string; form?: 'new' }

/** release: the one that is looked at; form: the open one. */
export function releasesSearch(search: Search): ReleasesSearch {
  return chosen({
    release: text(search.release, 64),
    form: search.form === 'new' ? ('new' as const) : undefined,
  })
}

export type ChannelsSearch = { form?: 'connect' }

/** form: the open one. */
export function channelsSearch(search: Search): ChannelsSearch {
  return chosen({ form: search.form === 'connect' ? ('connect' as const) : undefined })
}

export type TemplatesSearch = { q?: string; form?: 'new'; template?: string }

/** q: what the list is searched for; form: the open one; template: the one that is looked at. */
export function templatesSearch(search: Search): TemplatesSearch {
  return chosen({
    q: text(search.q),
    form: search.form === 'new' ? ('new' as const) : undefined,
    template: text(search.template, 64),
  })
}

export type AdminTemplatesSearch = { tenant?: string; q?: string; template?: string }

/** tenant: whose; q: what the list is searched for; template: the one that is looked at. */
export function adminTemplatesSearch(search: Search): AdminTemplatesSearch {
  return chosen({ tenant: text(search.tenant, 63), q: text(search.q), template: text(search.template, 64) })
}

export type MailSearch = { mail?: string }

/** mail: the open one. */
export function mailSearch(search: Search): MailSearch {
  return chosen({ mail: text(search.mail, 64) })
}

export type TenantsSearch = { q?: string; form?: 'provision' }

/** q: what the list is searched for; form: the open one. */
export function tenantsSearch(search: Search): TenantsSearch {
  return chosen({
    q: text(search.q),
    form: search.form === 'provision' ? ('provision' as const) : undefined,
  })
}
