import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Outlet, useParams } from '@tanstack/react-router'
import { useConfig } from '../api/config.ts'
import { meQuery, tenantQuery } from '../api/me.ts'
import { asProblem } from '../api/problem.ts'
import { LineContext, useLine } from '../features/shell/live.ts'
import { ProblemState } from '../features/shell/ProblemState.tsx'
import { Shell } from '../features/shell/Shell.tsx'

/** Everything of one tenant: the frame, the live line, and the page within. */
export function TenantPage() {
  const { slug } = useParams({ from: '/$slug' })
  const queries = useQueryClient()
  const { data: me } = useSuspenseQuery(meQuery())
  const tenant = useQuery(tenantQuery(slug))
  const { branding, tenant: house } = useConfig()
  const name = tenant.data?.name ?? (house === slug ? branding.name : slug)
  const { line, state } = useLine(slug, queries)
  const suspended = tenant.error && asProblem(tenant.error).code === 'tenant_suspended'
  return (
    <LineContext value={line}>
      <Shell slug={slug} name={name} email={me.email} line={state}>
        {suspended ? <ProblemState error={tenant.error} /> : <Outlet />}
      </Shell>
    </LineContext>
  )
}
