import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { mailsQuery } from '../../api/mails.ts'
import { asProblem } from '../../api/problem.ts'
import form from '../../ui/form.module.css'
import links from '../../ui/links.module.css'
import { State } from '../../ui/State.tsx'
import { Table } from '../../ui/Table.tsx'
import { When } from '../../ui/When.tsx'
import { Loaded, More } from '../shell/Loaded.tsx'

export function MailList() {
  const { t } = useTranslation()
  const mails = useInfiniteQuery(mailsQuery())
  // Where mails are really sent, none are kept, and the server has no such list.
  if (mails.error && asProblem(mails.error).status === 404)
    return (
      <State icon="mail" title={t('mail.sent')}>
        {t('mail.sentMore')}
      </State>
    )
  return (
    <Loaded query={mails}>
      {({ pages }) => {
        const rows = pages.flatMap((page) => page.rows)
        if (rows.length === 0)
          return (
            <State icon="mail" title={t('mail.none')}>
              {t('mail.noneMore')}
            </State>
          )
        return (
          <div className={form.stack}>
            <Table
              label={t('mail.title')}
              rows={rows}
              keyOf={(row) => row.id}
              columns={[
                {
                  head: t('mail.to'),
                  cell: (row) => (
                    <Link to="/admin/mail" search={{ mail: row.id }} className={links.row}>
                      <bdi>{row.to}</bdi>
                    </Link>
                  ),
                },
                { head: t('mail.kind'), cell: (row) => t(`mail.kinds.${row.kind}`) },
                { head: t('mail.at'), cell: (row) => <When at={row.at} /> },
              ]}
            />
            <More query={mails} />
          </div>
        )
      }}
    </Loaded>
  )
}
