import { TextInput } from '@mantine/core'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type AuditFilter, auditQuery, exportAudit, verifyAudit } from '../../api/audit.ts'
import { save } from '../../lib/save.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { SearchField } from '../../ui/SearchField.tsx'
import { State } from '../../ui/State.tsx'
import { Loaded, More } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { AuditLines } from './AuditLines.tsx'

/** What was done, by whom, when; the platform's own log where the slug is empty. */
export function AuditLog({ slug, people }: { slug: string; people: ReadonlyMap<string, string> }) {
  const { t } = useTranslation()
  const [filter, setFilter] = useState<AuditFilter>({})
  const lines = useInfiniteQuery(auditQuery(slug, filter))
  const set = (part: AuditFilter) => setFilter((old) => ({ ...old, ...part }))
  const chosen = Object.values(filter).some(Boolean)
  return (
    <div className={form.stack}>
      <Panel>
        <div className={form.pair}>
          <SearchField
            label={t('audit.actor')}
            value={filter.actor ?? ''}
            onChange={(actor) => set({ actor })}
          />
          <SearchField
            label={t('audit.action')}
            value={filter.action ?? ''}
            onChange={(action) => set({ action })}
          />
          <TextInput
            type="date"
            label={t('audit.from')}
            value={filter.from ?? ''}
            onChange={(event) => set({ from: event.currentTarget.value })}
          />
          <TextInput
            type="date"
            label={t('audit.to')}
            value={filter.to ?? ''}
            onChange={(event) => set({ to: event.currentTarget.value })}
          />
        </div>
        <Tools slug={slug} filter={filter} />
      </Panel>
      <Loaded query={lines}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.rows)
          if (rows.length === 0)
            return <State icon="log" title={t(chosen ? 'audit.noMatch' : 'audit.none')} />
          return (
            <>
              <AuditLines lines={rows} people={people} />
              <More query={lines} />
            </>
          )
        }}
      </Loaded>
    </div>
  )
}

function Tools({ slug, filter }: { slug: string; filter: AuditFilter }) {
  const { t } = useTranslation()
  const exporting = useMutation({
    mutationFn: async () => save(await exportAudit(slug, filter), `audit-log-${slug || 'platform'}.csv`),
  })
  const verifying = useMutation({ mutationFn: () => verifyAudit(slug) })
  const problem = exporting.error ?? verifying.error
  const verdict = verifying.data
  return (
    <>
      <div className={form.actions}>
        <Button icon="download" busy={exporting.isPending} onClick={() => exporting.mutate()}>
          {t('audit.export')}
        </Button>
        <Button icon="shield" busy={verifying.isPending} onClick={() => verifying.mutate()}>
          {t('audit.verify')}
        </Button>
      </div>
      {problem && <ProblemLine error={problem} />}
      {verdict && (
        <Notice tone={verdict.whole ? 'ok' : 'bad'} live>
          <p>
            {verdict.whole
              ? t('audit.whole', { count: verdict.lines })
              : t('audit.broken', { seq: verdict.broken?.seq ?? 0, reason: verdict.broken?.reason ?? '' })}
          </p>
          {verdict.whole && verdict.lastHash && (
            <details>
              <summary>{t('audit.proof')}</summary>
              <p>{t('audit.proofMore')}</p>
              <code dir="ltr">{verdict.lastHash}</code>
            </details>
          )}
        </Notice>
      )}
    </>
  )
}
