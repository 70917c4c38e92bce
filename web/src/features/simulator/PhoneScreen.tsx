import { Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type KeyboardEvent, type SyntheticEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Phone, type PhoneMessage, say, simulatorKeys } from '../../api/simulator.ts'
import { clockTime } from '../../lib/time.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { ChatText } from '../../ui/ChatText.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { State } from '../../ui/State.tsx'
import { ProblemLine, ProblemState } from '../shell/ProblemState.tsx'
import classes from './PhoneScreen.module.css'
import { withMessage } from './thread.ts'
import { usePhone } from './usePhone.ts'

type Props = { slug: string; business: string; businessName: string; phone: Phone }

/** A customer's phone, with the thread with this business open. */
export function PhoneScreen({ slug, business, businessName, phone }: Props) {
  const { t } = useTranslation()
  const { thread, typing } = usePhone(slug, business, phone.address, phone.online)
  return (
    <section className={classes.phone} aria-label={t('simulator.phone', { name: phone.name })}>
      <header className={classes.head}>
        <Avatar name={businessName} size="sm" />
        <div className={classes.who}>
          <h2 className={classes.name}>
            <bdi>{businessName}</bdi>
          </h2>
          <p className={classes.number} dir="ltr">
            +{business}
          </p>
        </div>
        <Icon name="lock" size={16} />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <div className={classes.frame} tabIndex={0}>
        <div className={classes.rows}>
          {thread.isPending ? (
            <Skeleton label={t('state.loading')} rows={3} />
          ) : thread.isError ? (
            <ProblemState error={thread.error} onRetry={() => thread.refetch()} />
          ) : thread.data.length === 0 ? (
            <State icon="phone" title={t('simulator.start')}>
              {t('simulator.startMore')}
            </State>
          ) : (
            <ol className={classes.list} aria-live="polite">
              {thread.data.map((message) => (
                <Bubble key={message.seq} message={message} />
              ))}
            </ol>
          )}
          {typing && (
            <p className={classes.typing} role="status">
              {t('simulator.typing')}
            </p>
          )}
        </div>
      </div>
      <Composer slug={slug} business={business} phone={phone} />
    </section>
  )
}

const ticks = { sent: 'check', delivered: 'checks', read: 'checks', failed: 'alert' } as const

function Bubble({ message }: { message: PhoneMessage }) {
  const { t, i18n } = useTranslation()
  const words = {
    sent: t('message.dispatched'),
    delivered: t('message.delivered'),
    read: t('message.read'),
    failed: t('message.failed'),
  }
  return (
    <li className={classes.message} data-mine={message.mine || undefined}>
      <div className={classes.bubble}>
        <ChatText text={message.text || t('inbox.typeUnread', { type: message.type })} />
        <p className={classes.meta}>
          <time dateTime={message.at.toISOString()}>{clockTime(message.at, i18n.language)}</time>
          {message.mine && (
            <span className={classes.ticks} data-state={message.state} title={words[message.state]}>
              <Icon name={ticks[message.state]} size={16} />
              <span className="visually-hidden">{words[message.state]}</span>
            </span>
          )}
        </p>
      </div>
    </li>
  )
}

function Composer({ slug, business, phone }: { slug: string; business: string; phone: Phone }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [text, setText] = useState('')
  const send = useMutation({
    mutationFn: (words: string) => say(phone.address, business, words),
    onSuccess: (message) =>
      queries.setQueryData<readonly PhoneMessage[]>(
        simulatorKeys.thread(slug, business, phone.address),
        (now) => withMessage(now ?? [], message),
      ),
    onError: (_, words) => setText((now) => now || words),
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    const words = text.trim()
    if (!words) return
    setText('')
    send.mutate(words)
  }
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event)
  }
  return (
    <>
      {send.error && <ProblemLine error={send.error} />}
      <form className={classes.composer} onSubmit={submit}>
        <div className={classes.field}>
          <Textarea
            aria-label={t('simulator.say', { name: phone.name })}
            placeholder={t('simulator.messagePlaceholder')}
            dir="auto"
            rows={1}
            maxLength={4096}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={key}
            classNames={{ input: classes.input ?? '' }}
          />
        </div>
        <IconButton
          icon="send"
          label={t('simulator.send')}
          look="filled"
          submit
          disabled={text.trim() === ''}
        />
      </form>
    </>
  )
}
