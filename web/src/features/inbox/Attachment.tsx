import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { conversationKeys } from '../../api/conversations.ts'
import { fetchMediaAgain, type Media, mediaBytesQuery } from '../../api/media.ts'
import { save } from '../../lib/save.ts'
import { fileSize } from '../../lib/size.ts'
import { Button } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Attachment.module.css'

type Props = { slug: string; media: Media /** We sent it. */; mine?: boolean }

/** The file of a message, or why there is none. */
export function Attachment({ slug, media, mine = false }: Props) {
  const { t } = useTranslation()
  switch (media.state) {
    case 'stored':
      return <Stored slug={slug} media={media} mine={mine} />
    case 'pending':
      return (
        <p className={classes.note} role="status">
          <Icon name="clock" size={16} />
          {t('media.pending', { kind: t(`media.kind.${media.kind}`) })}
        </p>
      )
    default:
      return <Missing slug={slug} media={media} />
  }
}

function Missing({ slug, media }: Props) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const again = useMutation({
    mutationFn: () => fetchMediaAgain(slug, media.id),
    onSettled: () => queries.invalidateQueries({ queryKey: conversationKeys.all(slug) }),
  })
  return (
    <div className={classes.missing}>
      <p className={classes.note}>
        <Icon name="alert" size={16} />
        {t('media.missing', { kind: t(`media.kind.${media.kind}`) })}
      </p>
      {media.reason && <p className={classes.reason}>{t(`media.reason.${media.reason}`)}</p>}
      {media.state === 'failed' && (
        <Button look="soft" icon="refresh" busy={again.isPending} onClick={() => again.mutate()}>
          {t('media.again')}
        </Button>
      )}
      {again.isError && <ProblemLine error={again.error} />}
    </div>
  )
}

function Stored({ slug, media, mine = false }: Props) {
  switch (media.kind) {
    case 'image':
    case 'sticker':
      return <Picture slug={slug} media={media} mine={mine} />
    case 'audio':
    case 'voice':
    case 'video':
      return (
        <div className={classes.missing}>
          <Recording slug={slug} media={media} />
          {media.transcript && <Transcript text={media.transcript} />}
        </div>
      )
    default:
      return <Document slug={slug} media={media} />
  }
}

/** An address of the bytes for as long as they are on the screen. */
function useAddress(bytes: Blob | undefined): string | undefined {
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    if (!bytes) return
    const made = URL.createObjectURL(bytes)
    setAddress(made)
    return () => {
      URL.revokeObjectURL(made)
      setAddress(undefined)
    }
  }, [bytes])
  return address
}

function Picture({ slug, media, mine }: Props) {
  const { t } = useTranslation()
  const bytes = useQuery(mediaBytesQuery(slug, media.id))
  const address = useAddress(bytes.data)
  if (bytes.isError) return <Unreadable error={bytes.error} onAgain={() => void bytes.refetch()} />
  if (!address) return <Skeleton label={t('state.loading')} rows={3} />
  return (
    <a
      href={address}
      target="_blank"
      rel="noreferrer"
      className={classes.frame}
      aria-label={t('media.enlarge')}
    >
      <img
        src={address}
        alt={t(mine ? 'media.ours' : 'media.sent', { kind: t(`media.kind.${media.kind}`) })}
        className={classes.picture}
        data-sticker={media.kind === 'sticker' || undefined}
      />
    </a>
  )
}

/** Sound or film, fetched when somebody wants to play it. */
function Recording({ slug, media }: Props) {
  const { t, i18n } = useTranslation()
  const [wanted, setWanted] = useState(false)
  const bytes = useQuery({ ...mediaBytesQuery(slug, media.id), enabled: wanted })
  const address = useAddress(bytes.data)
  const label = t(`media.kind.${media.kind}`)
  if (bytes.isError) return <Unreadable error={bytes.error} onAgain={() => void bytes.refetch()} />
  if (!address)
    return (
      <Button look="soft" icon="play" busy={wanted} onClick={() => setWanted(true)}>
        {t('media.play', { kind: label, size: fileSize(media.size, i18n.language) })}
      </Button>
    )
  return media.kind === 'video' ? (
    // biome-ignore lint/a11y/useMediaCaption: a customer's film comes without captions
    <video src={address} controls autoPlay playsInline className={classes.picture} aria-label={label} />
  ) : (
    // biome-ignore lint/a11y/useMediaCaption: a customer's recording comes without captions
    <audio src={address} controls autoPlay className={classes.sound} aria-label={label} />
  )
}

function Transcript({ text }: { text: string }) {
  const { t } = useTranslation()
  return (
    <figure className={classes.transcript}>
      <figcaption className={classes.reason}>{t('media.transcript')}</figcaption>
      <blockquote dir="auto">{text}</blockquote>
    </figure>
  )
}

function Document({ slug, media }: Props) {
  const { t, i18n } = useTranslation()
  const queries = useQueryClient()
  const name = media.filename ?? t('media.kind.document')
  const get = useMutation({
    mutationFn: async () => save(await queries.fetchQuery(mediaBytesQuery(slug, media.id)), name),
  })
  return (
    <div className={classes.document}>
      <p className={classes.file}>
        <Icon name="file" />
        <bdi className={classes.filename}>{name}</bdi>
      </p>
      <p className={classes.reason}>
        {fileSize(media.size, i18n.language)} · {media.scanned ? t('media.scanned') : t('media.notScanned')}
      </p>
      <Button look="soft" icon="download" busy={get.isPending} onClick={() => get.mutate()}>
        {t('media.download')}
      </Button>
      {get.isError && <ProblemLine error={get.error} />}
    </div>
  )
}

function Unreadable({ error, onAgain }: { error: unknown; onAgain: () => void }) {
  const { t } = useTranslation()
  return (
    <div className={classes.missing}>
      <ProblemLine error={error} />
      <Button look="soft" icon="refresh" onClick={onAgain}>
        {t('state.retry')}
      </Button>
    </div>
  )
}
