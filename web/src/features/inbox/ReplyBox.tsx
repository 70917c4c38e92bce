import { Textarea } from '@mantine/core'
import {
  type ClipboardEvent,
  type DragEvent,
  type KeyboardEvent,
  type SyntheticEvent,
  useRef,
  useState,
} from 'react'
import { useTranslation } from 'react-i18next'
import type { Reply } from '../../api/conversations.ts'
import { Icon } from '../../ui/Icon.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { AttachingFile } from './AttachingFile.tsx'
import { accepted, captionLimit, takesCaption } from './attach.ts'
import classes from './ReplyBox.module.css'
import { useAttachment } from './useAttachment.ts'
import type { ReplyWindow } from './window.ts'

// The longest text of one WhatsApp message.
const textLimit = 4096

/**
 * Where a person answers. Enter sends, Shift+Enter makes a line; on a phone Enter makes a line. A file is chosen, dropped or
 * pasted, and goes with the words; words that cannot stand under it follow as a message of their own.
 */
export function ReplyBox({
  slug,
  name,
  window,
  optedOut,
  onSend,
}: {
  slug: string
  name: string
  window: ReplyWindow
  /** The customer does not want to be written to. */
  optedOut: boolean
  onSend: (replies: Reply[]) => void
}) {
  const { t, i18n } = useTranslation()
  const [text, setText] = useState('')
  const [over, setOver] = useState(false)
  const picker = useRef<HTMLInputElement>(null)
  const { attaching, take, remove } = useAttachment(slug)
  const media = attaching?.media
  const captioned = media !== undefined && takesCaption(media.kind)
  const length = [...text].length
  const limit = captioned ? captionLimit : textLimit
  const ready = length <= limit && (attaching ? media !== undefined : text.trim() !== '')

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
    const words = text.trim()
    if (!media) onSend([{ text: words }])
    else {
      const file = { id: media.id, name: attaching?.name ?? '', kind: media.kind }
      if (captioned || !words) onSend([{ text: words, file }])
      else onSend([{ text: '', file }, { text: words }])
    }
    setText('')
    remove()
  }
  const key = (event: KeyboardEvent) => {
    const typing = event.nativeEvent.isComposing // an input method's Enter chooses a word
    if (event.key === 'Enter' && !event.shiftKey && !typing && matchMedia('(pointer: fine)').matches)
      submit(event)
  }
  const takeFirst = (files: FileList | null | undefined) => {
    const first = files?.[0]
    if (first) void take(first)
    return first !== undefined
  }
  const paste = (event: ClipboardEvent) => {
    if (takeFirst(event.clipboardData.files)) event.preventDefault()
  }
  const drag = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    setOver(true)
  }
  const drop = (event: DragEvent) => {
    setOver(false)
    if (takeFirst(event.dataTransfer.files)) event.preventDefault()
  }
  return (
    <form
      className={classes.box}
      data-over={over || undefined}
      onSubmit={submit}
      onDragOver={drag}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {attaching && <AttachingFile file={attaching} onRemove={remove} />}
      <input
        ref={picker}
        type="file"
        hidden
        accept={accepted}
        aria-label={t('attach.choose')}
        onChange={(event) => {
          takeFirst(event.currentTarget.files)
          event.currentTarget.value = '' // the same file may be chosen again
        }}
      />
      <IconButton icon="clip" label={t('attach.choose')} onClick={() => picker.current?.click()} />
      <div className={classes.field}>
        <Textarea
          aria-label={t('inbox.reply', { name })}
          placeholder={t('inbox.placeholder')}
          dir="auto"
          rows={1}
          value={text}
          error={
            length > limit
              ? t(captioned ? 'attach.captionTooLong' : 'inbox.tooLong', {
                  length: length.toLocaleString(i18n.language),
                })
              : undefined
          }
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={key}
          onPaste={paste}
          classNames={{ input: classes.input ?? '' }}
        />
      </div>
      <IconButton icon="send" label={t('inbox.send')} look="filled" submit disabled={!ready} />
    </form>
  )
}
