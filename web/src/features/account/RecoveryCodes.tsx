import { useTranslation } from 'react-i18next'
import { save } from '../../lib/save.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import classes from './RecoveryCodes.module.css'

/** The codes for the day that the authenticator is lost. They are shown this once. */
export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { t } = useTranslation()
  const download = () =>
    save(new Blob([`${codes.join('\n')}\n`], { type: 'text/plain' }), 'flomastr-recovery-codes.txt')
  return (
    <div className={form.stack}>
      <Notice tone="warn">{t('totp.codesOnce')}</Notice>
      <ol className={classes.codes} dir="ltr" aria-label={t('totp.codes')}>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div className={form.actions}>
        <Button look="primary" onClick={onDone}>
          {t('form.kept')}
        </Button>
        <Button icon="download" onClick={download}>
          {t('totp.download')}
        </Button>
      </div>
    </div>
  )
}
