import { useTranslation } from 'react-i18next'
import type { Visit } from '../../api/visits.ts'
import { Table } from '../../ui/Table.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'

/** Who was where, when and why. */
export function VisitTable({ visits }: { visits: readonly Visit[] }) {
  const { t } = useTranslation()
  return (
    <Table
      label={t('visits.title')}
      rows={visits}
      keyOf={(row) => row.id}
      columns={[
        { head: t('visits.tenant'), cell: (row) => <bdi dir="ltr">{row.slug}</bdi> },
        { head: t('visits.visitor'), cell: (row) => <bdi>{row.visitor}</bdi> },
        { head: t('form.reason'), cell: (row) => <bdi>{row.reason}</bdi> },
        { head: t('visits.started'), cell: (row) => <When at={row.startedAt} /> },
        {
          head: t('visits.ended'),
          cell: (row) =>
            row.running ? (
              <Tag tone="warn">{t('visits.running')}</Tag>
            ) : row.endedAt ? (
              <When at={row.endedAt} />
            ) : (
              ''
            ),
        },
      ]}
    />
  )
}
