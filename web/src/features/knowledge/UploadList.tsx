import { useTranslation } from 'react-i18next'
import { asProblem } from '../../api/problem.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import classes from './UploadList.module.css'
import { useUploads } from './useUploads.ts'

/** Files on their way to the server. */
export function UploadList({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const { uploads, list } = useUploads(slug)
  if (list.length === 0) return null
  return (
    <ul className={classes.list} aria-label={t('brain.uploads')}>
      {list.map((one) => (
        <li key={one.id} className={classes.row}>
          <Icon name={one.state === 'failed' ? 'alert' : 'upload'} />
          <div className={classes.words}>
            <bdi className={classes.name}>{one.name}</bdi>
            {one.state === 'failed' ? (
              <p className={classes.problem} role="alert" dir="auto">
                {t('brain.uploadFailed')}: {asProblem(one.error).message}
              </p>
            ) : (
              <Bar
                label={one.state === 'waiting' ? t('brain.waiting') : t('brain.uploading')}
                value={one.state === 'waiting' ? 0 : one.part}
              />
            )}
          </div>
          {one.state === 'failed' && (
            <IconButton icon="refresh" label={t('brain.retry')} onClick={() => uploads.retry(one.id)} />
          )}
          <IconButton icon="close" label={t('brain.remove')} onClick={() => uploads.remove(one.id)} />
        </li>
      ))}
    </ul>
  )
}
