import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type Domain, profileQuery, verifyDomain } from '../../api/profile.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyField } from '../../ui/CopyField.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { useCopyWords } from '../shell/words.ts'

/** The tenant's own host: what to put into DNS to prove it, and whether that is done. */
export function OwnDomain({ slug, domain, mayChange }: { slug: string; domain: Domain; mayChange: boolean }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const words = useCopyWords()
  const verifying = useMutation({
    mutationFn: () => verifyDomain(slug),
    onSuccess: () => queries.invalidateQueries({ queryKey: profileQuery(slug).queryKey }),
  })
  return (
    <Panel
      title={t('profile.ownDomain')}
      action={
        <Tag tone={domain.verified ? 'ok' : 'warn'} icon={domain.verified ? 'check' : 'clock'}>
          {t(domain.verified ? 'profile.domainProven' : 'profile.domainWaiting')}
        </Tag>
      }
      text={t('profile.domainMore', { domain: domain.name, type: domain.record.type })}
    >
      <CopyField label={t('profile.recordName')} value={domain.record.name} words={words} />
      <CopyField label={t('profile.recordValue')} value={domain.record.value} words={words} />
      {verifying.data && (
        <Notice live tone={domain.verified ? 'ok' : 'accent'}>
          {verifying.data.message}
        </Notice>
      )}
      {verifying.error && <ProblemLine error={verifying.error} />}
      {mayChange && (
        <div className={form.actions}>
          <Button icon="refresh" busy={verifying.isPending} onClick={() => verifying.mutate()}>
            {t('profile.domainVerify')}
          </Button>
        </div>
      )}
    </Panel>
  )
}
