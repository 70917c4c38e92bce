import { useTranslation } from 'react-i18next'
import { asProblem, type Problem } from '../../api/problem.ts'
import { clerkAway } from '../../api/sources.ts'
import { Button } from '../../ui/Button.tsx'
import type { IconName } from '../../ui/Icon.tsx'
import { State } from '../../ui/State.tsx'
import { ClerkAway } from '../identity/ClerkAway.tsx'
import classes from './ProblemState.module.css'

type Kind = 'unreachable' | 'limited' | 'forbidden' | 'suspended' | 'notFound' | 'failed'

/** Which of the designed states a problem is. */
export function kindOf(problem: Problem): Kind {
  if (problem.status === 0 || problem.status === 502 || problem.status === 503 || problem.status === 504)
    return 'unreachable'
  if (problem.status === 429) return 'limited'
  if (problem.code === 'tenant_suspended') return 'suspended'
  if (problem.status === 403) return 'forbidden'
  if (problem.status === 404) return 'notFound'
  return 'failed'
}

const icons: Record<Kind, IconName> = {
  unreachable: 'wifiOff',
  limited: 'clock',
  forbidden: 'lock',
  suspended: 'lock',
  notFound: 'unknown',
  failed: 'alert',
}

/** A failure in place of what was asked for: what it means, what to do, and the id that finds it in the log. */
export function ProblemState({
  error,
  onRetry,
  page,
}: {
  error: unknown
  onRetry?: () => void
  page?: boolean
}) {
  const { t } = useTranslation()
  const problem = asProblem(error)
  const kind = kindOf(problem)
  if (problem.code === clerkAway) return <ClerkAway page={page ?? false} />
  const hopeless = kind === 'forbidden' || kind === 'suspended' || kind === 'notFound'
  return (
    <State
      live
      page={page ?? false}
      tone={kind === 'failed' ? 'bad' : 'plain'}
      icon={icons[kind]}
      title={t(`state.${kind}`)}
      action={
        onRetry &&
        !hopeless && (
          <Button icon="refresh" onClick={onRetry}>
            {t('state.retry')}
          </Button>
        )
      }
    >
      <p>{t(`state.${kind}More`)}</p>
      {kind === 'failed' && problem.status > 0 && <p dir="auto">{problem.message}</p>}
      <RequestId problem={problem} />
    </State>
  )
}

/** A page that this role does not have. The server would say the same; it need not be asked. */
export function Forbidden() {
  const { t } = useTranslation()
  return (
    <State icon="lock" title={t('state.forbidden')}>
      {t('state.forbiddenMore')}
    </State>
  )
}

/** A failure in one line, beside what still works. */
export function ProblemLine({ error }: { error: unknown }) {
  const { t } = useTranslation()
  const problem = asProblem(error)
  const kind = kindOf(problem)
  const plain = problem.code === clerkAway ? t('clerk.away') : t(`state.${kind}`)
  const said = kind === 'failed' && problem.status > 0 ? problem.message : plain
  return (
    <div role="alert" className={classes.line}>
      <span dir="auto">{said}</span>
      {problem.fields.map((field) => (
        <span key={field.location + field.message} dir="auto">
          {field.location.replace(/^body\./, '')} {field.message}
        </span>
      ))}
      <RequestId problem={problem} />
    </div>
  )
}

function RequestId({ problem }: { problem: Problem }) {
  const { t } = useTranslation()
  if (!problem.requestId) return null
  return (
    <p className={classes.id}>
      {t('state.requestId')} <code dir="ltr">{problem.requestId}</code>
    </p>
  )
}
