import { useTranslation } from 'react-i18next'
import type { Invited } from '../../api/members.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyField } from '../../ui/CopyField.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { useCopyWords } from '../shell/words.ts'

/** What to do with an invitation: hand its link out, or wait for the mail. */
export function InvitedLink({ invited, onDone }: { invited: Invited; onDone: () => void }) {
  const { t } = useTranslation()
  const words = useCopyWords()
  return (
    <div className={form.stack}>
      {invited.link ? (
        <>
          <p>{t('team.handOut', { email: invited.email })}</p>
          <CopyField label={t('team.link')} value={invited.link} words={words} />
          <Notice tone="warn">{t('team.linkOnce')}</Notice>
        </>
      ) : (
        <p>{t('team.mailed', { email: invited.email })}</p>
      )}
      <div className={form.actions}>
        <Button look="primary" onClick={onDone}>
          {t(invited.link ? 'form.kept' : 'state.close')}
        </Button>
      </div>
    </div>
  )
}
