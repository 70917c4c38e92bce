import { useTranslation } from 'react-i18next'
import { fileSize } from '../../lib/size.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './ReplyBox.module.css'
import type { Attaching } from './useAttachment.ts'

/** The file that goes with the next reply, and how far it has come. */
export function AttachingFile({ file, onRemove }: { file: Attaching; onRemove: () => void }) {
  const { t, i18n } = useTranslation()
  const failed = file.tooLarge || file.error !== undefined
  return (
    <div className={classes.attached}>
      <Icon name={failed ? 'alert' : 'file'} />
      <div className={classes.file}>
        <p className={classes.filename}>
          <bdi>{file.name}</bdi> · {fileSize(file.size, i18n.language)}
        </p>
        {file.tooLarge && (
          <p role="alert" className={classes.problem}>
            {t('attach.tooLarge')}
          </p>
        )}
        {file.error !== undefined && <ProblemLine error={file.error} />}
        {!failed && !file.media && (
          <Bar value={file.part} label={t('attach.uploading', { name: file.name })} />
        )}
        {file.media && (
          <p role="status" className={classes.kind}>
            {t('attach.ready', { kind: t(`media.kind.${file.media.kind}`) })}
          </p>
        )}
      </div>
      <IconButton icon="close" label={t('attach.remove', { name: file.name })} onClick={onRemove} />
    </div>
  )
}
