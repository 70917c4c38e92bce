import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  redirect,
} from '@tanstack/react-router'
import { session } from './api/client.ts'
import { meQuery } from './api/me.ts'
import { queries } from './api/queries.ts'
import { Failed, NotFound, Root, Waiting } from './routes/root.tsx'
import {
  type BrainSearch,
  brainSearch,
  type InboxSearch,
  inboxSearch,
  signInSearch,
} from './routes/search.ts'

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
    if (!(await session.token())) throw redirect({ to: '/sign-in', search: {} })
    const me = await queries.ensureQueryData(meQuery())
    const first = me.memberships[0]
    if (first) throw redirect({ to: '/$slug/inbox', params: { slug: first.slug }, search: {}, replace: true })
  },
  component: lazyRouteComponent(() => import('./routes/home.tsx'), 'NoTenant'),
})

const tenant = createRoute({
  getParentRoute: () => root,
  path: '/$slug',
  beforeLoad: async ({ params, location }) => {
    if (!(await session.token())) throw redirect({ to: '/sign-in', search: { next: location.href } })
    const me = await queries.ensureQueryData(meQuery())
    const membership = me.memberships.find((one) => one.slug === params.slug)
    // Somebody else's tenant and none at all look the same, as they do at the server.
    if (!membership) throw notFound()
    return { role: membership.role }
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

const brain = createRoute({
  getParentRoute: () => tenant,
  path: '/brain',
  validateSearch: (search): BrainSearch => brainSearch(search),
  component: lazyRouteComponent(() => import('./routes/brain.tsx'), 'BrainPage'),
})

const simulator = createRoute({
  getParentRoute: () => tenant,
  path: '/simulator',
  component: lazyRouteComponent(() => import('./routes/simulator.tsx'), 'SimulatorPage'),
})

export const routeTree = root.addChildren([
  landing,
  signIn,
  home,
  tenant.addChildren([tenantHome, inbox.addChildren([conversation]), brain, simulator]),
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
