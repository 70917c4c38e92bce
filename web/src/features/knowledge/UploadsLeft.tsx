import { useTranslation } from 'react-i18next'
import { Tag } from '../../ui/Tag.tsx'
import { useUploadNews, useUploads } from './useUploads.ts'

/** How many files have not gone out yet, for whoever is on another page; nothing when there are none. */
export function UploadsLeft({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const { queue } = useUploads(slug)
  const left = queue.list.filter(({ state }) => state === 'waiting' || state === 'uploading').length
  if (left === 0) return null
  return (
    <Tag tone={queue.paused || queue.held ? 'warn' : 'accent'} icon="upload">
      {t('brain.upload.left', { number: left })}
    </Tag>
  )
}

/** Stands above all pages of a tenant, so that its uploads hear what becomes of their files on each of them. */
export function UploadsListen({ slug }: { slug: string }) {
  useUploadNews(slug)
  return null
}
