import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { mediaBytesQuery } from '../../api/media.ts'
import type { Block } from '../../api/tasks.ts'
import { Facts } from '../../ui/Facts.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Tasks.module.css'

/** What a task shows, block by block; the draft stands in the form, where it is let go. */
export function Blocks({ slug, blocks }: { slug: string; blocks: readonly Block[] }) {
  return (
    <div className={classes.blocks}>
      {blocks
        .filter((block) => block.type !== 'draft_reply')
        .map((block) => (
          <One key={block.id} slug={slug} block={block} />
        ))}
    </div>
  )
}

function One({ slug, block }: { slug: string; block: Block }) {
  const { t } = useTranslation()
  const { data } = block
  // Our own facts have words in every language; whatever else is shown as it came.
  const ours: Record<string, string> = {
    confidence: t('why.confidence'),
    reason: t('why.reason'),
    model: t('why.writtenBy'),
  }
  switch (block.type) {
    case 'image_preview':
      return data.media_id ? (
        <Picture slug={slug} id={data.media_id} alt={data.alt ?? ''} />
      ) : (
        <Outside url={data.url} text={data.alt || t('tasks.picture')} />
      )
    case 'document_link':
      return (
        <div className={classes.block}>
          {data.item_id ? (
            <Link
              to="/$slug/brain"
              params={{ slug }}
              search={{ item: data.item_id }}
              className={classes.link}
            >
              <Icon name="brain" size={16} />
              <bdi>{data.title || t('tasks.document')}</bdi>
            </Link>
          ) : data.url ? (
            <Outside url={data.url} text={data.title || t('tasks.document')} />
          ) : (
            <p className={classes.link}>
              <Icon name="file" size={16} />
              <bdi>{data.title || t('tasks.document')}</bdi>
            </p>
          )}
          {data.text && (
            <blockquote className={classes.quote} dir="auto">
              {data.text}
            </blockquote>
          )}
        </div>
      )
    case 'key_value_pairs':
      return (
        <Facts
          facts={(data.pairs ?? []).map((pair) => [
            ours[pair.key] ?? pair.key,
            <bdi key={pair.key}>{pair.value}</bdi>,
          ])}
        />
      )
    default:
      return (
        <div className={classes.block}>
          {data.label && <bdi className={classes.label}>{data.label}</bdi>}
          <p className={classes.words} dir="auto">
            {data.text}
          </p>
        </div>
      )
  }
}

/** What lies on another's server is not fetched before a person wants it. */
function Outside({ url, text }: { url: string | undefined; text: string }) {
  if (!url || !/^https?:\/\//i.test(url)) return <p>{text}</p>
  return (
    <a href={url} target="_blank" rel="noreferrer noopener" className={classes.link}>
      <Icon name="link" size={16} />
      <bdi>{text}</bdi>
    </a>
  )
}

function Picture({ slug, id, alt }: { slug: string; id: string; alt: string }) {
  const { t } = useTranslation()
  const bytes = useQuery(mediaBytesQuery(slug, id))
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    if (!bytes.data) return
    const made = URL.createObjectURL(bytes.data)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [bytes.data])
  if (bytes.isError) return <ProblemLine error={bytes.error} />
  if (!address) return <Skeleton label={t('state.loading')} rows={1} />
  return <img src={address} alt={alt || t('tasks.picture')} className={classes.picture} />
}
