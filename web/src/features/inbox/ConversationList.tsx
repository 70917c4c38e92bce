import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useDeferredValue } from 'react'
import { useTranslation } from 'react-i18next'
import { type Conversation, contactName, conversationsQuery } from '../../api/conversations.ts'
import { useMinute } from '../../lib/clock.ts'
import { listTime } from '../../lib/time.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { LongList } from '../../ui/LongList.tsx'
import links from '../../ui/links.module.css'
import { SearchField } from '../../ui/SearchField.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { State } from '../../ui/State.tsx'
import { ProblemState } from '../shell/ProblemState.tsx'
import classes from './ConversationList.module.css'

/** All conversations, the latest first, however many there are. */
export function ConversationList({ slug, search }: { slug: string; search: string }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const query = useDeferredValue(search)
  const found = useInfiniteQuery(conversationsQuery(slug, query))
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? []
  const now = useMinute()
  return (
    <section className={classes.pane} aria-label={t('inbox.list')}>
      <header className={classes.head}>
        <p className={classes.title} aria-hidden="true">
          {t('inbox.title')}
        </p>
        <SearchField
          label={t('inbox.search')}
          value={search}
          onChange={(q) =>
            navigate({
              to: '.',
              search: ({ q: _, ...old }) => ({ ...old, ...(q ? { q } : {}) }),
              replace: true,
            })
          }
        />
      </header>
      {found.isPending ? (
        <Skeleton label={t('state.loading')} />
      ) : found.isError && rows.length === 0 ? (
        <ProblemState error={found.error} onRetry={() => found.refetch()} />
      ) : rows.length > 0 ? (
        <LongList
          rows={rows}
          height={76}
          onEnd={() => found.hasNextPage && !found.isFetchingNextPage && found.fetchNextPage()}
        >
          {(row) => <Row slug={slug} row={row} now={now} />}
        </LongList>
      ) : query ? (
        <State icon="search" title={t('inbox.noMatch', { query })} />
      ) : (
        <State
          icon="inbox"
          title={t('inbox.empty')}
          action={
            <Link to="/$slug/simulator" params={{ slug }} className={links.quiet}>
              <Icon name="phone" size={16} />
              {t('inbox.emptyAction')}
            </Link>
          }
        >
          {t('inbox.emptyMore')}
        </State>
      )}
    </section>
  )
}

function Row({ slug, row, now }: { slug: string; row: Conversation; now: Date }) {
  const { t, i18n } = useTranslation()
  const name = contactName(row.contact, t('inbox.unknownContact'))
  return (
    <Link
      to="/$slug/inbox/$conversation"
      params={{ slug, conversation: row.id }}
      search={(old) => ({ ...(old.q ? { q: String(old.q) } : {}) })}
      className={classes.row}
      data-unread={row.unread > 0 || undefined}
      activeOptions={{ includeSearch: false }}
    >
      <Avatar name={name} />
      <span className={classes.words}>
        <span className={classes.line}>
          <bdi className={classes.name}>{name}</bdi>
          <time className={classes.time} dateTime={row.updatedAt.toISOString()}>
            {listTime(row.updatedAt, now, i18n.language)}
          </time>
        </span>
        <span className={classes.line}>
          <span className={classes.text} dir="auto">
            {row.last?.text}
          </span>
          {row.unread > 0 && (
            <span className={classes.count}>
              <span aria-hidden="true">{row.unread}</span>
              <span className="visually-hidden">{t('inbox.unread', { count: row.unread })}</span>
            </span>
          )}
        </span>
      </span>
    </Link>
  )
}
