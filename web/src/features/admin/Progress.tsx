import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { isMoving, standingQuery } from '../../api/life.ts'
import type { Provisioned } from '../../api/tenants.ts'
import { Bar } from '../../ui/Bar.tsx'
import { CopyField } from '../../ui/CopyField.tsx'
import form from '../../ui/form.module.css'
import links from '../../ui/links.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { useCopyWords } from '../shell/words.ts'
import { Steps } from './Steps.tsx'

/** How far the setting up of a tenant is, and what to do once it is there. */
export function Progress({ tenant, provisioned }: { tenant: string; provisioned: Provisioned | undefined }) {
  const { t } = useTranslation()
  const words = useCopyWords()
  const standing = useQuery({
    ...standingQuery(tenant),
    // Until the first commit nobody knows the tenant: that is no failure while it is being made.
    retry: provisioned === undefined,
    refetchInterval: ({ state }) =>
      provisioned === undefined || (state.data && isMoving(state.data)) ? 1000 : false,
  })
  return (
    <div className={form.stack}>
      {standing.data ? (
        <Steps steps={standing.data.steps} label={t('life.progress')} />
      ) : (
        <Bar label={t('life.progress')} />
      )}
      {standing.error && provisioned && <ProblemLine error={standing.error} />}
      {provisioned ? (
        <>
          <Notice tone="ok" live>
            {provisioned.message}
          </Notice>
          {provisioned.link ? (
            <>
              <p>{t('admin.ownerLink')}</p>
              <CopyField label={t('team.link')} value={provisioned.link} words={words} />
            </>
          ) : (
            <p>{t('admin.ownerMailed')}</p>
          )}
          <div className={links.pair}>
            <Link to="/admin/tenants/$tenant" params={{ tenant }} className={links.button}>
              {t('admin.openTenant')}
            </Link>
            <Link to="/admin/mail" search={{}} className={links.quiet}>
              {t('mail.title')}
            </Link>
          </div>
        </>
      ) : (
        <p role="status">{t('admin.provisioning')}</p>
      )}
    </div>
  )
}
