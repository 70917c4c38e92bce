import { Link, Outlet, useLocation, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { enterHouse } from '../api/config.ts'
import { ProblemState } from '../features/shell/ProblemState.tsx'
import { slugOf } from '../lib/place.ts'
import { Icon } from '../ui/Icon.tsx'
import links from '../ui/links.module.css'
import { State } from '../ui/State.tsx'

export function Root() {
  const slug = slugOf(useLocation().pathname)
  useEffect(() => void enterHouse(slug), [slug])
  return <Outlet />
}

export function NotFound() {
  const { t } = useTranslation()
  return (
    <main>
      <State
        page
        icon="unknown"
        title={t('state.notFound')}
        action={
          <Link to="/" className={links.button}>
            {t('state.home')}
            <Icon name="chevron" size={16} />
          </Link>
        }
      >
        {t('state.notFoundMore')}
      </State>
    </main>
  )
}

/** What a page becomes when it could not be shown: a server that is away, a refusal, or an error of ours. */
export function Failed({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return (
    <main>
      <ProblemState page error={error} onRetry={retry} />
    </main>
  )
}

export function Waiting() {
  const { t } = useTranslation()
  return (
    <p className="visually-hidden" role="status">
      {t('state.loading')}
    </p>
  )
}
