import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { mailQuery } from '../../api/mails.ts'
import { addressesIn } from '../../lib/addresses.ts'
import { dressMail, packMail } from '../../lib/mail.ts'
import { CopyField } from '../../ui/CopyField.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Loaded } from '../shell/Loaded.tsx'
import { useCopyWords } from '../shell/words.ts'
import classes from './MailView.module.css'

/** A mail as it would have arrived, in a frame that can run nothing and reach nobody, and its links to copy. */
export function MailView({ id }: { id: string }) {
  const { t } = useTranslation()
  const words = useCopyWords()
  const mail = useQuery(mailQuery(id))
  return (
    <Loaded query={mail}>
      {(data) => (
        <div className={form.stack}>
          <Facts
            facts={[
              [t('mail.subject'), <bdi key="subject">{data.subject}</bdi>],
              [t('mail.from'), <bdi key="from">{data.from}</bdi>],
            ]}
          />
          {addressesIn(data.text).map((address) => (
            <CopyField key={address} label={t('mail.link')} value={address} words={words} />
          ))}
          <iframe
            className={classes.mail}
            title={data.subject}
            sandbox="allow-same-origin" // for dressMail; it runs nothing
            referrerPolicy="no-referrer"
            srcDoc={packMail(data.html)}
            onLoad={(event) => {
              const page = event.currentTarget.contentDocument
              if (page) dressMail(page)
            }}
          />
          <details>
            <summary className={classes.summary}>{t('mail.text')}</summary>
            <pre className={classes.text} dir="auto">
              {data.text}
            </pre>
          </details>
        </div>
      )}
    </Loaded>
  )
}
