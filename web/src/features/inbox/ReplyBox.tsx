import { Textarea } from '@mantine/core'
import { type KeyboardEvent, type SyntheticEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../../ui/Icon.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import classes from './ReplyBox.module.css'
import type { ReplyWindow } from './window.ts'

// The longest text of one WhatsApp message.
const limit = 4096

/** Where a person answers. Enter sends, Shift+Enter makes a line; on a phone Enter makes a line. */
export function ReplyBox({
  name,
  window,
  optedOut,
  onSend,
}: {
  name: string
  window: ReplyWindow
  /** The customer does not want to be written to. */
  optedOut: boolean
  onSend: (text: string) => void
}) {
  const { t, i18n } = useTranslation()
  const [text, setText] = useState('')
  const length = [...text].length
  const ready = text.trim() !== '' && length <= limit

  if (optedOut || !window.open)
    return (
      <p className={classes.closed}>
        <Icon name={optedOut ? 'alert' : 'clock'} size={16} />
        {t(optedOut ? 'inbox.optOutMore' : 'inbox.windowClosedMore')}
      </p>
    )

  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (!ready) return
    onSend(text.trim())
    setText('')
  }
  const key = (event: KeyboardEvent) => {
    const typing = event.nativeEvent.isComposing // an input method's Enter chooses a word
    if (event.key === 'Enter' && !event.shiftKey && !typing && matchMedia('(pointer: fine)').matches)
      submit(event)
  }
  return (
    <form className={classes.box} onSubmit={submit}>
      <div className={classes.field}>
        <Textarea
          aria-label={t('inbox.reply', { name })}
          placeholder={t('inbox.placeholder')}
          dir="auto"
          rows={1}
          value={text}
          error={
            length > limit ? t('inbox.tooLong', { length: length.toLocaleString(i18n.language) }) : undefined
          }
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={key}
          classNames={{ input: classes.input ?? '' }}
        />
      </div>
      <IconButton icon="send" label={t('inbox.send')} look="filled" submit disabled={!ready} />
    </form>
  )
}
