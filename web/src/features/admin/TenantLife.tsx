import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Action, act, erasureReport, isMoving, type Standing, standingQuery } from '../../api/life.ts'
import { tenantKeys } from '../../api/tenants.ts'
import { actorName } from '../../lib/actor.ts'
import { save } from '../../lib/save.ts'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import type { IconName } from '../../ui/Icon.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { When } from '../../ui/When.tsx'
import { usePeople } from '../audit/usePeople.ts'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { useMayAct } from './rights.ts'
import { Steps } from './Steps.tsx'
import { TenantStatusTag } from './TenantStatusTag.tsx'

const icons: Record<Action, IconName> = {
  suspend: 'lock',
  reactivate: 'check',
  soft_delete: 'trash',
  restore: 'refresh',
  hard_delete: 'trash',
}
const dangers: ReadonlySet<Action> = new Set(['suspend', 'soft_delete', 'hard_delete'])

/** What state a tenant is in and why, and what may be done about it. */
export function TenantLife({ tenant }: { tenant: string }) {
  const { t } = useTranslation()
  const standing = useQuery(standingQuery(tenant))
  return (
    <Panel title={t('life.title')}>
      <Loaded query={standing} rows={2}>
        {(data) => (
          <>
            <Now standing={data} />
            <Actions standing={data} />
          </>
        )}
      </Loaded>
    </Panel>
  )
}

function Now({ standing }: { standing: Standing }) {
  const { t } = useTranslation()
  const people = usePeople('')
  const mayAct = useMayAct()
  return (
    <>
      <Facts
        facts={[
          [t('tenant.statusName'), <TenantStatusTag key="status" status={standing.status} />],
          [t('tenant.since'), <When key="since" at={standing.since} />],
          [t('form.reason'), standing.reason && <bdi key="reason">{standing.reason}</bdi>],
          [
            t('life.by'),
            standing.changedBy && (
              <bdi key="by" title={standing.changedBy}>
                {actorName(standing.changedBy, people)}
              </bdi>
            ),
          ],
          [
            t('life.restorable'),
            standing.restorableUntil && <When key="until" at={standing.restorableUntil} />,
          ],
        ]}
      />
      {standing.steps.length > 0 && (isMoving(standing) || standing.steps.some((step) => step.problem)) && (
        <Steps steps={standing.steps} label={t('life.progress')} />
      )}
      {mayAct && standing.status === 'erased' && <Report id={standing.id} />}
    </>
  )
}

function Actions({ standing }: { standing: Standing }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const mayAct = useMayAct()
  const [action, setAction] = useState<Action>()
  if (!mayAct) return null
  return (
    <div className={form.actions}>
      {standing.allowed.map((one) => (
        <Button key={one} icon={icons[one]} danger={dangers.has(one)} onClick={() => setAction(one)}>
          {t(`life.act.${one}`)}
        </Button>
      ))}
      {action && (
        <Confirm
          title={t(`life.ask.${action}`, { tenant: standing.slug })}
          act={t(`life.act.${action}`)}
          danger={dangers.has(action)}
          reason
          {...(action === 'hard_delete' ? { typed: standing.slug } : {})}
          run={async (reason) => {
            await act(standing.slug, action, reason)
            await queries.invalidateQueries({ queryKey: tenantKeys.all })
          }}
          onClose={() => setAction(undefined)}
        >
          {t(`life.more.${action}`)}
        </Confirm>
      )}
    </div>
  )
}

function Report({ id }: { id: string }) {
  const { t } = useTranslation()
  const getting = useMutation({
    mutationFn: async () => save(await erasureReport(id), `erasure-${id}.json`),
  })
  return (
    <Notice
      action={
        <Button icon="download" busy={getting.isPending} onClick={() => getting.mutate()}>
          {t('life.report')}
        </Button>
      }
    >
      {t('life.reportMore')}
      {getting.error && <ProblemLine error={getting.error} />}
    </Notice>
  )
}
