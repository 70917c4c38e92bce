import { useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { MailList } from '../features/admin/MailList.tsx'
import { MailView } from '../features/admin/MailView.tsx'
import { Page } from '../ui/Page.tsx'
import { Sheet } from '../ui/Sheet.tsx'

/** The mails of an installation without a mail server. */
export function MailPage() {
  const { t } = useTranslation()
  const { mail } = useSearch({ from: '/admin/mail' })
  const navigate = useNavigate({ from: '/admin/mail' })
  return (
    <Page title={t('mail.title')} lead={t('mail.lead')}>
      <MailList />
      <Sheet
        open={mail !== undefined}
        onClose={() => mail && void navigate({ search: {} })}
        title={t('mail.one')}
        closeLabel={t('state.close')}
      >
        {mail && <MailView id={mail} />}
      </Sheet>
    </Page>
  )
}
