import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { ProblemLine, ProblemState } from './ProblemState.tsx'

type Shown<T> = { data: T | undefined; error: unknown; refetch: () => unknown }

/** What was asked for, or in its place that it is on its way, or why it is not here. Old data beats a new failure. */
export function Loaded<T>({
  query,
  rows = 4,
  children,
}: {
  query: UseQueryResult<T> | Shown<T>
  rows?: number
  children: (data: T) => ReactNode
}) {
  const { t } = useTranslation()
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <ProblemState error={query.error} onRetry={() => void query.refetch()} />
  return <Skeleton label={t('state.loading')} rows={rows} />
}

/** The way to the next rows of a list, while there are any. */
export function More({ query }: { query: UseInfiniteQueryResult }) {
  const { t } = useTranslation()
  return (
    <>
      {query.isFetchNextPageError && <ProblemLine error={query.error} />}
      {query.hasNextPage && (
        <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('state.more')}
        </Button>
      )}
    </>
  )
}
