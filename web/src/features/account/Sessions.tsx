import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { endOtherSessions, endSession, sessionsQuery } from '../../api/account.ts'
import { deviceOf } from '../../lib/device.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { Table } from '../../ui/Table.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'

/** Where the person is signed in, and the way to end what is not theirs. */
export function Sessions() {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const sessions = useQuery(sessionsQuery())
  const refresh = () => queries.invalidateQueries({ queryKey: sessionsQuery().queryKey })
  const ending = useMutation({ mutationFn: endSession, onSettled: refresh })
  const others = useMutation({ mutationFn: endOtherSessions, onSettled: refresh })
  const problem = ending.error ?? others.error
  return (
    <Panel title={t('sessions.title')} text={t('sessions.more')}>
      {problem && <ProblemLine error={problem} />}
      <Loaded query={sessions} rows={2}>
        {(rows) => (
          <>
            <Table
              label={t('sessions.title')}
              rows={rows}
              keyOf={(row) => row.id}
              columns={[
                {
                  head: t('sessions.device'),
                  cell: (row) => (
                    <span className={form.tags}>
                      <bdi title={row.device}>{deviceOf(row.device) || t('sessions.unknown')}</bdi>
                      {row.current && <Tag tone="accent">{t('sessions.current')}</Tag>}
                    </span>
                  ),
                },
                { head: t('sessions.network'), cell: (row) => <code dir="ltr">{row.network}</code> },
                { head: t('sessions.since'), cell: (row) => <When at={row.since} /> },
                { head: t('sessions.seen'), cell: (row) => <When at={row.seenAt} /> },
              ]}
              actionsLabel={t('form.actions')}
              actions={(row) =>
                !row.current && (
                  <Button
                    danger
                    busy={ending.isPending && ending.variables === row.id}
                    onClick={() => ending.mutate(row.id)}
                  >
                    {t('sessions.end')}
                  </Button>
                )
              }
            />
            {rows.length > 1 && (
              <div className={form.actions}>
                <Button danger busy={others.isPending} onClick={() => others.mutate()}>
                  {t('sessions.endOthers')}
                </Button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  )
}
