import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { setsQuery } from '../../api/evaluations.ts'
import { State } from '../../ui/State.tsx'
import { Table } from '../../ui/Table.tsx'
import { When } from '../../ui/When.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import classes from './Evaluations.module.css'
import { RunState } from './RunState.tsx'

type Props = {
  slug: string
  link: (id: string, name: string, className: string | undefined) => ReactNode
}

/** All question sets, each with what came of it last. */
export function SetList({ slug, link }: Props) {
  const { t } = useTranslation()
  const sets = useQuery(setsQuery(slug))
  return (
    <Loaded query={sets}>
      {(rows) =>
        rows.length === 0 ? (
          <State icon="checks" title={t('evaluations.none')}>
            {t('evaluations.noneMore')}
          </State>
        ) : (
          <Table
            label={t('evaluations.sets')}
            rows={rows}
            keyOf={(set) => set.id}
            columns={[
              { head: t('evaluations.name'), cell: (set) => link(set.id, set.name, classes.name) },
              { head: t('evaluations.questions'), cell: (set) => set.count },
              {
                head: t('evaluations.last'),
                cell: (set) => (set.last ? <RunState run={set.last} /> : t('evaluations.never')),
              },
              { head: t('evaluations.changed'), cell: (set) => <When at={set.updatedAt} /> },
            ]}
          />
        )
      }
    </Loaded>
  )
}
