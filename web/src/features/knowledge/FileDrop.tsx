import { type DragEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../../api/config.ts'
import { Button } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import classes from './AddKnowledge.module.css'
import { useUploads } from './useUploads.ts'

/** Takes any number of files, dropped or chosen. */
export function FileDrop({ slug, onDone }: { slug: string; onDone: () => void }) {
  const { t } = useTranslation()
  const { uploads } = useUploads(slug)
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const { fileTypes } = useConfig()
  // A hint for the file chooser; what a file really is, the server finds out.
  const accepted = fileTypes.flatMap((type) => type.endings).join(',')

  const take = (files: FileList | null) => {
    if (!files || files.length === 0) return
    uploads.add([...files])
    onDone()
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer.files)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button is the one for everybody
    <div
      className={classes.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Icon name="upload" size={32} />
      <p className={classes.strong}>{t('brain.drop')}</p>
      <p>{t('brain.dropMore')}</p>
      <Button look="primary" onClick={() => input.current?.click()}>
        {t('brain.choose')}
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={accepted}
        aria-label={t('brain.choose')}
        onChange={(event) => take(event.currentTarget.files)}
      />
    </div>
  )
}
