import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  redirect,
} from '@tanstack/react-router'
import { session } from './api/client.ts'
import { config } from './api/config.ts'
import { meQuery, roleIn } from './api/me.ts'
import { Problem } from './api/problem.ts'
import { queries } from './api/queries.ts'
import { needTexts } from './i18n/index.ts'
import { remembered } from './lib/remember.ts'
import { isWide } from './lib/wide.ts'
import { Failed, NotFound, Root, Waiting } from './routes/root.tsx'
import {
  type AdminTemplatesSearch,
  adminTemplatesSearch,
  type BrainSearch,
  brainSearch,
  type ChannelsSearch,
  channelsSearch,
  type EvaluationsSearch,
  evaluationsSearch,
  type InboxSearch,
  inboxSearch,
  type MailSearch,
  mailSearch,
  type ReleasesSearch,
  releasesSearch,
  signInSearch,
  type TasksSearch,
  type TemplatesSearch,
  type TenantsSearch,
  tasksSearch,
  templatesSearch,
  tenantsSearch,
} from './routes/search.ts'

/** Who is signed in; whoever is not is sent to the sign-in, and back afterwards. */
async function entering(next: string) {
  if (!(await session.token())) throw redirect({ to: '/sign-in', search: { next } })
  return queries.ensureQueryData(meQuery())
}

// The whole map of the app. Pages load on demand; what they need to be allowed is decided here, before they do.

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: Failed })

const landing = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./routes/landing.tsx'), 'Landing'),
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: signInSearch,
  component: lazyRouteComponent(() => import('./routes/sign-in.tsx'), 'SignInPage'),
})

const home = createRoute({
  getParentRoute: () => root,
  path: '/home',
  beforeLoad: async () => {
    const me = await entering('/home')
    const first = me.memberships[0]
    if (first) throw redirect({ to: '/$slug/inbox', params: { slug: first.slug }, search: {}, replace: true })
    if (me.platform !== 'user') throw redirect({ to: '/admin', replace: true })
  },
  component: lazyRouteComponent(() => import('./routes/home.tsx'), 'NoTenant'),
})

const tenant = createRoute({
  getParentRoute: () => root,
  path: '/$slug',
  beforeLoad: async ({ params, location }) => {
    const me = await entering(location.href)
    const role = roleIn(me, params.slug)
    // Somebody else's tenant and none at all look the same, as they do at the server.
    if (!role) throw notFound()
    return { role }
  },
  component: lazyRouteComponent(() => import('./routes/tenant.tsx'), 'TenantPage'),
})

const tenantHome = createRoute({
  getParentRoute: () => tenant,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/$slug/inbox', params, search: {}, replace: true })
  },
})

const inbox = createRoute({
  getParentRoute: () => tenant,
  path: '/inbox',
  validateSearch: (search): InboxSearch => inboxSearch(search),
  component: lazyRouteComponent(() => import('./routes/inbox.tsx'), 'InboxPage'),
})

const conversation = createRoute({
  getParentRoute: () => inbox,
  path: '/$conversation',
  component: lazyRouteComponent(() => import('./routes/inbox.tsx'), 'ConversationPage'),
})

const tasks = createRoute({
  getParentRoute: () => tenant,
  path: '/tasks',
  validateSearch: (search): TasksSearch => tasksSearch(search),
  component: lazyRouteComponent(() => import('./routes/tasks.tsx'), 'TasksPage'),
})

const task = createRoute({
  getParentRoute: () => tasks,
  path: '/$task',
  component: lazyRouteComponent(() => import('./routes/tasks.tsx'), 'TaskPage'),
})

/** Where the tasks were in older links. */
const olderTasks = createRoute({
  getParentRoute: () => tenant,
  path: '/hitl-tasks',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/$slug/tasks', params, search: {}, replace: true })
  },
})

const brain = createRoute({
  getParentRoute: () => tenant,
  path: '/brain',
  validateSearch: (search): BrainSearch => brainSearch(search),
  component: lazyRouteComponent(() => import('./routes/brain.tsx'), 'BrainPage'),
})

const evaluations = createRoute({
  getParentRoute: () => tenant,
  path: '/brain/evaluations',
  validateSearch: (search): EvaluationsSearch => evaluationsSearch(search),
  beforeLoad: () => needTexts('manage'),
  component: lazyRouteComponent(() => import('./routes/evaluations.tsx'), 'EvaluationsPage'),
})

const releases = createRoute({
  getParentRoute: () => tenant,
  path: '/brain/releases',
  validateSearch: (search): ReleasesSearch => releasesSearch(search),
  beforeLoad: () => needTexts('manage'),
  component: lazyRouteComponent(() => import('./routes/releases.tsx'), 'ReleasesPage'),
})

const simulator = createRoute({
  getParentRoute: () => tenant,
  path: '/simulator',
  component: lazyRouteComponent(() => import('./routes/simulator.tsx'), 'SimulatorPage'),
})

const settings = createRoute({
  getParentRoute: () => tenant,
  path: '/settings',
  beforeLoad: () => needTexts('manage'),
  component: lazyRouteComponent(() => import('./routes/settings.tsx'), 'SettingsPage'),
})

const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: '/',
  beforeLoad: ({ params }) => {
    // A phone shows the list of sections first; where there is room for both, the first section stands beside it.
    if (isWide()) throw redirect({ to: '/$slug/settings/profile', params, replace: true })
  },
})

const settingsProfile = createRoute({
  getParentRoute: () => settings,
  path: '/profile',
  component: lazyRouteComponent(() => import('./routes/settings-profile.tsx'), 'ProfilePage'),
})

const settingsBranding = createRoute({
  getParentRoute: () => settings,
  path: '/branding',
  component: lazyRouteComponent(() => import('./routes/settings-branding.tsx'), 'BrandingPage'),
})

const settingsTeam = createRoute({
  getParentRoute: () => settings,
  path: '/team',
  component: lazyRouteComponent(() => import('./routes/settings-team.tsx'), 'TeamPage'),
})

const settingsChannels = createRoute({
  getParentRoute: () => settings,
  path: '/channels',
  validateSearch: (search): ChannelsSearch => channelsSearch(search),
  beforeLoad: () => needTexts('channels'),
  component: lazyRouteComponent(() => import('./routes/settings-channels.tsx'), 'ChannelsPage'),
})

const settingsChannel = createRoute({
  getParentRoute: () => settings,
  path: '/channels/$channel',
  beforeLoad: () => needTexts('channels'),
  component: lazyRouteComponent(() => import('./routes/settings-channel.tsx'), 'ChannelPage'),
})

const settingsTemplates = createRoute({
  getParentRoute: () => settings,
  path: '/templates',
  validateSearch: (search): TemplatesSearch => templatesSearch(search),
  beforeLoad: () => needTexts('channels'),
  component: lazyRouteComponent(() => import('./routes/settings-templates.tsx'), 'TemplatesPage'),
})

const settingsDeadLetters = createRoute({
  getParentRoute: () => settings,
  path: '/dead-letters',
  beforeLoad: () => needTexts('channels'),
  component: lazyRouteComponent(() => import('./routes/settings-dead-letters.tsx'), 'DeadLettersPage'),
})

const settingsReceived = createRoute({
  getParentRoute: () => settings,
  path: '/received',
  beforeLoad: () => needTexts('channels'),
  component: lazyRouteComponent(() => import('./routes/settings-received.tsx'), 'ReceivedPage'),
})

const settingsTokens = createRoute({
  getParentRoute: () => settings,
  path: '/api-tokens',
  component: lazyRouteComponent(() => import('./routes/settings-tokens.tsx'), 'TokensPage'),
})

const settingsPolicies = createRoute({
  getParentRoute: () => settings,
  path: '/policies',
  component: lazyRouteComponent(() => import('./routes/settings-policies.tsx'), 'PoliciesPage'),
})

const settingsAudit = createRoute({
  getParentRoute: () => settings,
  path: '/audit-log',
  component: lazyRouteComponent(() => import('./routes/settings-audit.tsx'), 'AuditPage'),
})

const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite/$token',
  beforeLoad: async () => {
    await needTexts('manage')
    // They join as themselves. Who was signed in at Clerk is known to Clerk alone.
    if (remembered('signed-in') || config().clerk) await session.token()
  },
  component: lazyRouteComponent(() => import('./routes/invite.tsx'), 'InvitePage'),
})

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  beforeLoad: async () => {
    if (!config().providers.includes('local')) throw redirect({ to: '/sign-in', search: {} }) // nobody has a password here
    await needTexts('manage')
  },
  component: lazyRouteComponent(() => import('./routes/reset-password.tsx'), 'ResetPasswordPage'),
})

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  beforeLoad: async ({ location }) => {
    await entering(location.href)
    await needTexts('manage')
  },
  component: lazyRouteComponent(() => import('./routes/account.tsx'), 'AccountPage'),
})

const closed = new Problem({
  status: 403,
  code: 'forbidden',
  message: 'The administration is not yours to see.',
})

const admin = createRoute({
  getParentRoute: () => root,
  path: '/admin',
  beforeLoad: async ({ location }) => {
    const me = await entering(location.href)
    if (me.platform === 'user') throw closed
    await needTexts('manage')
    return { mayAct: me.platform === 'super_admin' }
  },
  component: lazyRouteComponent(() => import('./routes/admin.tsx'), 'AdminPage'),
})

/** What a platform admin may not even read: the server would refuse each question of the page. */
const superAdminsOnly = ({ context }: { context: { mayAct: boolean } }) => {
  if (!context.mayAct) throw closed
}

const adminHome = createRoute({
  getParentRoute: () => admin,
  path: '/',
  component: lazyRouteComponent(() => import('./routes/admin-overview.tsx'), 'OverviewPage'),
})

const adminTenants = createRoute({
  getParentRoute: () => admin,
  path: '/tenants',
  validateSearch: (search): TenantsSearch => tenantsSearch(search),
  component: lazyRouteComponent(() => import('./routes/admin-tenants.tsx'), 'TenantsPage'),
})

const adminTenant = createRoute({
  getParentRoute: () => admin,
  path: '/tenants/$tenant',
  component: lazyRouteComponent(() => import('./routes/admin-tenant.tsx'), 'AdminTenantPage'),
})

const adminUsers = createRoute({
  getParentRoute: () => admin,
  path: '/users',
  component: lazyRouteComponent(() => import('./routes/admin-users.tsx'), 'UsersPage'),
})

const adminTemplates = createRoute({
  getParentRoute: () => admin,
  path: '/waba-templates',
  validateSearch: (search): AdminTemplatesSearch => adminTemplatesSearch(search),
  beforeLoad: () => needTexts('channels'),
  component: lazyRouteComponent(() => import('./routes/admin-templates.tsx'), 'AdminTemplatesPage'),
})

const adminMail = createRoute({
  getParentRoute: () => admin,
  path: '/mail',
  beforeLoad: superAdminsOnly,
  validateSearch: (search): MailSearch => mailSearch(search),
  component: lazyRouteComponent(() => import('./routes/admin-mail.tsx'), 'MailPage'),
})

const adminAudit = createRoute({
  getParentRoute: () => admin,
  path: '/audit-log',
  beforeLoad: superAdminsOnly,
  component: lazyRouteComponent(() => import('./routes/admin-audit.tsx'), 'PlatformAuditPage'),
})

const adminVisits = createRoute({
  getParentRoute: () => admin,
  path: '/visits',
  beforeLoad: superAdminsOnly,
  component: lazyRouteComponent(() => import('./routes/admin-visits.tsx'), 'VisitsPage'),
})

const adminHealth = createRoute({
  getParentRoute: () => admin,
  path: '/health',
  component: lazyRouteComponent(() => import('./routes/admin-health.tsx'), 'HealthPage'),
})

export const routeTree = root.addChildren([
  landing,
  signIn,
  home,
  invite,
  resetPassword,
  account,
  tenant.addChildren([
    tenantHome,
    inbox.addChildren([conversation]),
    tasks.addChildren([task]),
    olderTasks,
    brain,
    evaluations,
    releases,
    simulator,
    settings.addChildren([
      settingsHome,
      settingsProfile,
      settingsBranding,
      settingsChannels,
      settingsChannel,
      settingsTemplates,
      settingsDeadLetters,
      settingsReceived,
      settingsTeam,
      settingsTokens,
      settingsPolicies,
      settingsAudit,
    ]),
  ]),
  admin.addChildren([
    adminHome,
    adminTenants,
    adminTenant,
    adminUsers,
    adminTemplates,
    adminMail,
    adminAudit,
    adminVisits,
    adminHealth,
  ]),
])

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPendingComponent: Waiting,
  defaultPendingMs: 300,
  defaultErrorComponent: Failed,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
