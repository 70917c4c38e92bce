import { useTranslation } from 'react-i18next'
import type { Offer } from '../../api/conversations.ts'
import { ChatText } from '../../ui/ChatText.tsx'
import { Icon } from '../../ui/Icon.tsx'
import classes from './Offered.module.css'

/** A message with something to tap, as the customer sees it. Here nothing of it can be tapped but a link. */
export function Offered({ offer }: { offer: Offer }) {
  const { t } = useTranslation()
  return (
    <div className={classes.offer}>
      {offer.header && (
        <p className={classes.header} dir="auto">
          {offer.header}
        </p>
      )}
      <ChatText text={offer.body} />
      {offer.footer && (
        <p className={classes.footer} dir="auto">
          {offer.footer}
        </p>
      )}
      {offer.sections.map((section, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a section is its place
        <div key={index}>
          {section.title && (
            <p className={classes.section} dir="auto">
              {section.title}
            </p>
          )}
          <ul className={classes.rows} aria-label={offer.label ?? t('inbox.choices')}>
            {section.rows.map((row) => (
              <li key={row.id} dir="auto">
                {row.title}
                {row.more && <span className={classes.more}>{row.more}</span>}
              </li>
            ))}
          </ul>
        </div>
      ))}
      {offer.link && (
        <p className={classes.link}>
          <Icon name="link" size={16} />
          {offer.link.url ? (
            <a href={offer.link.url} target="_blank" rel="noreferrer noopener" dir="auto">
              {offer.link.label}
            </a>
          ) : (
            <span dir="auto">{offer.link.label}</span>
          )}
        </p>
      )}
      {offer.asksLocation && <p className={classes.footer}>{t('inbox.asksLocation')}</p>}
    </div>
  )
}
