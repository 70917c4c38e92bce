import { useQuery } from '@tanstack/react-query'
import { type ChangeEvent, type DragEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../../api/config.ts'
import { policiesQuery } from '../../api/policies.ts'
import { Button } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './AddKnowledge.module.css'
import { chosen, dropped } from './pick.ts'
import type { Wanted } from './uploads.ts'
import { useUploads } from './useUploads.ts'

const folders = { webkitdirectory: '' } // every browser knows it, React's types do not

/** Takes any number of files and folders, dropped or chosen. */
export function FileDrop({ slug, onDone }: { slug: string; onDone: () => void }) {
  const { t } = useTranslation()
  const { uploads } = useUploads(slug)
  useQuery(policiesQuery(slug)) // by which the uploads judge
  const [over, setOver] = useState(false)
  const [problem, setProblem] = useState<unknown>()
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const { fileTypes } = useConfig()
  // A hint for the file chooser; what a file really is, the server finds out.
  const accepted = fileTypes.flatMap((type) => type.endings).join(',')

  const take = (wanted: readonly Wanted[]) => {
    if (wanted.length === 0) return
    uploads.add(wanted)
    onDone()
  }
  const choose = (event: ChangeEvent<HTMLInputElement>) => take(chosen(event.currentTarget.files ?? []))
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    dropped(event.dataTransfer).then(take, setProblem)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the buttons are the one for everybody
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
      <Button look="primary" onClick={() => files.current?.click()}>
        {t('brain.choose')}
      </Button>
      <Button onClick={() => folder.current?.click()}>{t('brain.upload.folder')}</Button>
      {problem !== undefined && <ProblemLine error={problem} />}
      <input
        ref={files}
        type="file"
        multiple
        hidden
        accept={accepted}
        aria-label={t('brain.choose')}
        onChange={choose}
      />
      <input
        ref={folder}
        type="file"
        {...folders}
        hidden
        aria-label={t('brain.upload.folder')}
        onChange={choose}
      />
    </div>
  )
}
