import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../../api/me.ts'
import { endVisit } from '../../api/visits.ts'
import { useMinute } from '../../lib/clock.ts'
import { span } from '../../lib/time.ts'
import { Button } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { ProblemLine } from './ProblemState.tsx'

/** Stands above every page while a super admin is in somebody else's house: where, how long still, and the way out. */
export function VisitBanner() {
  const { t, i18n } = useTranslation()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const now = useMinute()
  const { data: me } = useQuery(meQuery())
  const visit = me?.visit
  const ending = useMutation({
    mutationFn: (id: string) => endVisit(id),
    onSuccess: async () => {
      const slug = visit?.slug
      await queries.fetchQuery({ ...meQuery(), staleTime: 0 })
      await navigate({ to: '/admin/visits' })
      if (slug) queries.removeQueries({ queryKey: [slug] })
    },
  })
  if (!visit?.running || visit.endsAt <= now) return null
  return (
    <Notice
      tone="warn"
      action={
        <Button busy={ending.isPending} onClick={() => ending.mutate(visit.id)}>
          {t('visit.end')}
        </Button>
      }
    >
      {t('visit.running', {
        tenant: visit.slug,
        time: span(visit.endsAt.getTime() - now.getTime(), i18n.language),
      })}
      {ending.error && <ProblemLine error={ending.error} />}
    </Notice>
  )
}
