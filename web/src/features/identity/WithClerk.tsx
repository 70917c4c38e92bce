import { type ReactNode, Suspense, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { clerk } from '../../api/client.ts'
import { ClerkAway } from './ClerkAway.tsx'

/** What needs Clerk, or in its place that Clerk is on its way, or that it could not be reached. */
export function WithClerk({ children }: { children: ReactNode }) {
  const { t } = useTranslation()
  const status = useSyncExternalStore(clerk.subscribe, () => clerk.status)
  if (status === 'failed') return <ClerkAway />
  const waiting = <p role="status">{t('clerk.loading')}</p>
  return status === 'loading' ? waiting : <Suspense fallback={waiting}>{children}</Suspense>
}
