import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import {
  type Conversation,
  contactName,
  conversationKeys,
  conversationQuery,
  type Message,
  messagesQuery,
  setOwner,
} from '../../api/conversations.ts'
import { useMinute } from '../../lib/clock.ts'
import { clockTime, dayName } from '../../lib/time.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Button } from '../../ui/Button.tsx'
import { ChatText } from '../../ui/ChatText.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { ProblemState } from '../shell/ProblemState.tsx'
import { Attachment } from './Attachment.tsx'
import { MessageState } from './MessageState.tsx'
import { Offered } from './Offered.tsx'
import { PendingBubble } from './PendingBubble.tsx'
import { ReplyBox } from './ReplyBox.tsx'
import classes from './Thread.module.css'
import { useReplies } from './useReplies.ts'
import { WindowClock } from './WindowClock.tsx'
import { replyWindow } from './window.ts'

type Props = { slug: string; id: string; onWhy: (message: string) => void; onWho: () => void }

/** One conversation: who it is with, what was said, and a place to answer. */
export function Thread({ slug, id, onWhy, onWho }: Props) {
  const { t } = useTranslation()
  const conversation = useQuery(conversationQuery(slug, id))
  const messages = useInfiniteQuery(messagesQuery(slug, id))
  const replies = useReplies(slug, id)
  const now = useMinute()

  if (conversation.isError && !conversation.data)
    return <ProblemState error={conversation.error} onRetry={() => conversation.refetch()} />
  if (!conversation.data) return <Skeleton label={t('state.loading')} />

  const { contact, windowUntil, optOut } = conversation.data
  const name = contactName(contact, t('inbox.unknownContact'))
  // The server gives the newest first; people read the oldest first.
  const rows = (messages.data?.pages.flatMap((page) => page.rows) ?? []).toReversed()
  return (
    <section className={classes.thread} aria-label={t('inbox.thread', { name })}>
      <Head slug={slug} conversation={conversation.data} name={name} onWho={onWho} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <div className={classes.frame} tabIndex={0}>
        <div className={classes.rows}>
          {messages.hasNextPage && (
            <div className={classes.older}>
              <Button busy={messages.isFetchingNextPage} onClick={() => messages.fetchNextPage()}>
                {t('inbox.older')}
              </Button>
            </div>
          )}
          {messages.isPending ? (
            <Skeleton label={t('state.loading')} rows={4} />
          ) : messages.isError && rows.length === 0 ? (
            <ProblemState error={messages.error} onRetry={() => messages.refetch()} />
          ) : (
            <ol className={classes.list}>
              {rows.map((message, index) => (
                <Bubble
                  key={message.id}
                  slug={slug}
                  message={message}
                  before={rows[index - 1]}
                  onWhy={onWhy}
                />
              ))}
              {replies.pending.map((one) => (
                <PendingBubble
                  key={one.key}
                  reply={one}
                  onAgain={() => void replies.sendAgain(one.key, one)}
                  onDiscard={() => replies.discard(one.key)}
                />
              ))}
            </ol>
          )}
        </div>
      </div>
      <Announcer name={name} rows={rows} />
      <ReplyBox
        slug={slug}
        name={name}
        window={replyWindow(windowUntil, now)}
        optedOut={optOut === 'all'}
        onSend={async (list) => {
          for (const one of list) await replies.send(one) // the customer gets them in this order
        }}
      />
    </section>
  )
}

function Head({
  slug,
  conversation,
  name,
  onWho,
}: {
  slug: string
  conversation: Conversation
  name: string
  onWho: () => void
}) {
  const { t } = useTranslation()
  const { contact, owner, windowUntil, optOut } = conversation
  const owned = {
    assistant: 'inbox.ownedByAssistant',
    member: 'inbox.ownedByMember',
    external: 'inbox.ownedByExternal',
  } as const
  return (
    <header className={classes.head}>
      <Link
        to="/$slug/inbox"
        params={{ slug }}
        search={(old) => ({ ...(old.q ? { q: String(old.q) } : {}) })}
        className={classes.back}
        aria-label={t('state.back')}
      >
        <Icon name="back" />
      </Link>
      <Avatar name={name} />
      <div className={classes.who}>
        <h2 className={classes.name}>
          <button type="button" className={classes.open} onClick={onWho}>
            <bdi>{name}</bdi>
            <span className="visually-hidden">{t('who.title')}</span>
          </button>
        </h2>
        {contact.phone && contact.name && (
          <p className={classes.phone} dir="ltr">
            {contact.phone}
          </p>
        )}
      </div>
      <div className={classes.tags}>
        <Tag tone={owner === 'assistant' ? 'accent' : 'plain'}>{t(owned[owner])}</Tag>
        {optOut && (
          <Tag tone={optOut === 'all' ? 'warn' : 'plain'} icon="alert">
            {t(`inbox.optOut.${optOut}`)}
          </Tag>
        )}
        <WindowClock until={windowUntil} />
      </div>
      <OwnerButton slug={slug} id={conversation.id} owner={owner} />
    </header>
  )
}

/** Who answers from now on: taking over silences the assistant, handing back lets it speak again. */
function OwnerButton({ slug, id, owner }: { slug: string; id: string; owner: Conversation['owner'] }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const change = useMutation({
    mutationFn: (to: 'me' | 'assistant') => setOwner(slug, id, to),
    onSuccess: (conversation) => queries.setQueryData(conversationKeys.one(slug, id), conversation),
  })
  const mine = owner !== 'assistant'
  return (
    <Button busy={change.isPending} onClick={() => change.mutate(mine ? 'assistant' : 'me')}>
      {mine ? t('inbox.handBack') : t('inbox.takeOver')}
    </Button>
  )
}

function Bubble({
  slug,
  message,
  before,
  onWhy,
}: {
  slug: string
  message: Message
  before: Message | undefined
  onWhy: (id: string) => void
}) {
  const { t, i18n } = useTranslation()
  const newDay = !before || before.at.toDateString() !== message.at.toDateString()
  const speakers = {
    contact: '',
    assistant: t('inbox.assistant'),
    member: t('inbox.member'),
    external: t('inbox.external'),
  }
  const newSpeaker = newDay || before.speaker !== message.speaker
  return (
    <>
      {newDay && (
        <li className={classes.day}>
          <time dateTime={message.at.toISOString()}>{dayName(message.at, i18n.language)}</time>
        </li>
      )}
      <li
        className={classes.message}
        data-mine={message.mine || undefined}
        data-first={newSpeaker || undefined}
      >
        {message.mine && newSpeaker && <p className={classes.speaker}>{speakers[message.speaker]}</p>}
        <div className={classes.bubble} data-state={message.state} data-speaker={message.speaker}>
          <Content slug={slug} message={message} />
          <p className={classes.meta}>
            {message.edited && <span>{t('inbox.edited')}</span>}
            <time dateTime={message.at.toISOString()}>{clockTime(message.at, i18n.language)}</time>
            <MessageState state={message.state} />
          </p>
        </div>
        {message.reaction && (
          <p className={classes.reaction}>
            <span className="visually-hidden">{t('inbox.reaction')} </span>
            {message.reaction}
          </p>
        )}
        {message.earlier.length > 0 && (
          <details className={classes.earlier}>
            <summary>{t('inbox.earlier', { count: message.earlier.length })}</summary>
            <ul>
              {message.earlier.map((text, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a version is its place
                <li key={index}>
                  <ChatText text={text} />
                </li>
              ))}
            </ul>
          </details>
        )}
        {message.problem && (
          <p className={classes.problem} dir="auto">
            {message.problem}
          </p>
        )}
        {message.speaker === 'assistant' && (
          <button type="button" className={classes.why} onClick={() => onWhy(message.id)}>
            <Icon name="lightbulb" size={16} />
            {t('why.open')}
          </button>
        )}
      </li>
    </>
  )
}

/** What stands in a bubble. What was taken back, and what we cannot show, says so. */
function Content({ slug, message }: { slug: string; message: Message }) {
  const { t } = useTranslation()
  if (message.revoked) return <p className={classes.aside}>{t('inbox.revoked')}</p>
  const text = said(message)
  return (
    <>
      {message.media && <Attachment slug={slug} media={message.media} mine={message.mine} />}
      {message.offer ? (
        <Offered offer={message.offer} />
      ) : text !== undefined ? (
        <ChatText text={text} />
      ) : (
        !message.media && (
          <p className={classes.aside}>
            {t('inbox.typeUnread', { type: message.type.replaceAll('_', ' ') })}
          </p>
        )
      )}
    </>
  )
}

/** What was said in words: the bare name of a kind of message says nothing. */
const said = ({ text, type }: Message): string | undefined => (text === `[${type}]` ? undefined : text)

/** Reads new messages of the customer out to a screen reader; what was there before stays unsaid. */
function Announcer({ name, rows }: { name: string; rows: readonly Message[] }) {
  const { t } = useTranslation()
  const place = useRef<HTMLParagraphElement>(null)
  const known = useRef<string>(undefined)
  const last = rows.at(-1)
  useEffect(() => {
    if (!last) return
    if (known.current && known.current !== last.id && place.current)
      place.current.textContent = t('inbox.newMessage', {
        name: last.mine ? t('inbox.assistant') : name,
        text: last.text ?? t('inbox.typeUnread', { type: last.type }),
      })
    known.current = last.id
  }, [last, name, t])
  return <p ref={place} className="visually-hidden" aria-live="polite" />
}
