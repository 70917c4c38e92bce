import { NativeSelect, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { type Choice, placeholders } from './draft.ts'
import classes from './Templates.module.css'

const kinds = ['quick_reply', 'url', 'phone_number'] as const
const most = 10

/** What a customer can tap under the message. */
export function Buttons({
  buttons,
  onChange,
  error,
}: {
  buttons: readonly Choice[]
  onChange: (buttons: readonly Choice[]) => void
  error: string | undefined
}) {
  const { t } = useTranslation()
  const change = (at: number, part: Partial<Choice>) =>
    onChange(buttons.map((one, index) => (index === at ? { ...one, ...part } : one)))
  return (
    <fieldset className={form.group}>
      <legend className={form.legend}>{t('templates.buttons')}</legend>
      <div className={form.stack}>
        {buttons.map((button, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a button is its place
          <div key={index} className={classes.choice}>
            <div className={form.pair}>
              <NativeSelect
                label={t('templates.buttonKind')}
                value={button.kind}
                onChange={(event) => change(index, { kind: event.currentTarget.value as Choice['kind'] })}
                data={kinds.map((kind) => ({ value: kind, label: t(`templates.button.${kind}`) }))}
              />
              <TextInput
                label={t('templates.buttonText')}
                dir="auto"
                maxLength={25}
                required
                withAsterisk={false}
                value={button.text}
                onChange={(event) => change(index, { text: event.currentTarget.value })}
              />
            </div>
            {button.kind !== 'quick_reply' && (
              <TextInput
                label={t(button.kind === 'url' ? 'templates.buttonLink' : 'templates.buttonNumber')}
                dir="ltr"
                required
                withAsterisk={false}
                value={button.value}
                onChange={(event) => change(index, { value: event.currentTarget.value })}
              />
            )}
            {button.kind === 'url' && placeholders(button.value) > 0 && (
              <TextInput
                label={t('templates.example', { number: 1 })}
                dir="auto"
                required
                withAsterisk={false}
                value={button.example}
                onChange={(event) => change(index, { example: event.currentTarget.value })}
              />
            )}
            <div>
              <Button icon="trash" onClick={() => onChange(buttons.filter((_, other) => other !== index))}>
                {t('templates.buttonRemove', { number: index + 1 })}
              </Button>
            </div>
          </div>
        ))}
        {error && <p role="alert">{error}</p>}
        {buttons.length < most && (
          <div>
            <Button
              icon="plus"
              onClick={() =>
                onChange([...buttons, { kind: 'quick_reply', text: '', value: '', example: '' }])
              }
            >
              {t('templates.buttonAdd')}
            </Button>
          </div>
        )}
      </div>
    </fieldset>
  )
}
