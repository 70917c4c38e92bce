import { useTranslation } from 'react-i18next'
import type { Member } from '../../api/members.ts'
import { useMinute } from '../../lib/clock.ts'
import form from '../../ui/form.module.css'
import { Tag } from '../../ui/Tag.tsx'

/** Whether somebody is here, or invited, and how far the invitation came. */
export function MemberStatus({ member }: { member: Member }) {
  const { t } = useTranslation()
  const now = useMinute()
  if (member.status === 'active') return <Tag tone="ok">{t('team.active')}</Tag>
  if (member.status === 'inactive') return <Tag>{t('team.inactive')}</Tag>
  if (member.expiresAt && member.expiresAt <= now) return <Tag tone="bad">{t('team.expired')}</Tag>
  return (
    <span className={form.tags}>
      <Tag tone="warn">{t('team.pending')}</Tag>
      {member.mail && member.mail !== 'none' && (
        <Tag tone={member.mail === 'failed' ? 'bad' : 'plain'}>{t(`team.mail.${member.mail}`)}</Tag>
      )}
    </span>
  )
}
