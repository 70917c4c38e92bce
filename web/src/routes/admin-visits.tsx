import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { visitsQuery } from '../api/visits.ts'
import { VisitTable } from '../features/admin/VisitTable.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { Page } from '../ui/Page.tsx'
import { State } from '../ui/State.tsx'

export function VisitsPage() {
  const { t } = useTranslation()
  const visits = useQuery(visitsQuery())
  return (
    <Page title={t('visits.title')} lead={t('visits.lead')}>
      <Loaded query={visits}>
        {(rows) =>
          rows.length === 0 ? (
            <State icon="eye" title={t('visits.none')}>
              {t('visits.noneMore')}
            </State>
          ) : (
            <VisitTable visits={rows} />
          )
        }
      </Loaded>
    </Page>
  )
}
