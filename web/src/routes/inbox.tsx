import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { conversationQuery, messagesQuery } from '../api/conversations.ts'
import { ConversationList } from '../features/inbox/ConversationList.tsx'
import { Thread } from '../features/inbox/Thread.tsx'
import { Who } from '../features/inbox/Who.tsx'
import { Why } from '../features/inbox/Why.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Sheet } from '../ui/Sheet.tsx'
import { State } from '../ui/State.tsx'
import classes from './inbox.module.css'

/** The list beside the thread; on a phone one or the other. */
export function InboxPage() {
  const { t } = useTranslation()
  const { slug } = useTenant()
  const { q = '' } = useSearch({ from: '/$slug/inbox' })
  const { conversation } = useParams({ strict: false })
  return (
    <div className={classes.page} data-open={conversation !== undefined || undefined}>
      <h1 className="visually-hidden">{t('inbox.title')}</h1>
      <div className={classes.list}>
        <ConversationList slug={slug} search={q} />
      </div>
      <div className={classes.thread}>
        {conversation ? (
          <Outlet />
        ) : (
          <State icon="inbox" title={t('inbox.choose')}>
            {t('inbox.chooseMore')}
          </State>
        )}
      </div>
    </div>
  )
}

export function ConversationPage() {
  const { t } = useTranslation()
  const { slug } = useTenant()
  const navigate = useNavigate({ from: '/$slug/inbox/$conversation' })
  const { conversation } = useParams({ from: '/$slug/inbox/$conversation' })
  const { why, who } = useSearch({ from: '/$slug/inbox' })
  const contact = useQuery(conversationQuery(slug, conversation)).data?.contact
  const { data } = useInfiniteQuery(messagesQuery(slug, conversation))
  const asked = why
    ? data?.pages.flatMap((page) => page.rows).find((message) => message.id === why)
    : undefined
  const showWhy = (message: string | undefined) =>
    void navigate({
      search: (old) => ({ ...(old.q ? { q: old.q } : {}), ...(message ? { why: message } : {}) }),
    })
  const showWho = (open: boolean) =>
    void navigate({
      search: (old) => ({ ...(old.q ? { q: old.q } : {}), ...(open ? { who: true as const } : {}) }),
    })
  return (
    <>
      <Thread key={conversation} slug={slug} id={conversation} onWhy={showWhy} onWho={() => showWho(true)} />
      <Sheet
        open={who === true && contact !== undefined}
        onClose={() => who && showWho(false)}
        title={t('who.title')}
        closeLabel={t('state.close')}
      >
        {who && contact && <Who slug={slug} contact={contact.id} />}
      </Sheet>
      <Sheet
        open={asked !== undefined}
        onClose={() => why && showWhy(undefined)}
        title={t('why.title')}
        closeLabel={t('state.close')}
      >
        {asked && <Why slug={slug} message={asked} />}
      </Sheet>
    </>
  )
}
