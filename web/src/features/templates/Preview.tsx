import { useTranslation } from 'react-i18next'
import type { Header, TemplateButton } from '../../api/templates.ts'
import { ChatText } from '../../ui/ChatText.tsx'
import { filled } from './draft.ts'
import classes from './Templates.module.css'

type Props = {
  header?: Header | undefined
  body: string
  footer: string
  buttons: readonly TemplateButton[]
  examples: readonly string[]
}

/** What a customer would see, with the examples in it. */
export function Preview({ header, body, footer, buttons, examples }: Props) {
  const { t } = useTranslation()
  return (
    <section className={classes.preview} aria-label={t('templates.preview')}>
      <div className={classes.bubble}>
        {header &&
          (header.kind === 'text' ? (
            <strong dir="auto">{filled(header.text ?? '', [header.example ?? ''])}</strong>
          ) : (
            <span className={classes.file}>{header.kind}</span>
          ))}
        {body ? (
          <ChatText text={filled(body, examples)} />
        ) : (
          <p className={classes.faint}>{t('templates.empty')}</p>
        )}
        {footer && (
          <small className={classes.faint} dir="auto">
            {footer}
          </small>
        )}
      </div>
      {buttons.length > 0 && (
        <ul className={classes.buttons}>
          {buttons.map((button, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may have the same text while they are typed
            <li key={index} className={classes.button} dir="auto">
              {button.text || '…'}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
