import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useDeferredValue, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { type Conversation, contactName, conversationsQuery } from '../../api/conversations.ts'
import { useMinute } from '../../lib/clock.ts'
import { listTime } from '../../lib/time.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Icon } from '../../ui/Icon.tsx'
import links from '../../ui/links.module.css'
import { SearchField } from '../../ui/SearchField.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { State } from '../../ui/State.tsx'
import { ProblemState } from '../shell/ProblemState.tsx'
import classes from './ConversationList.module.css'

const rowHeight = 76

/** All conversations, the latest first, however many there are. */
export function ConversationList({ slug, search }: { slug: string; search: string }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const query = useDeferredValue(search)
  const found = useInfiniteQuery(conversationsQuery(slug, query))
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? []
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
        <Rows
          slug={slug}
          rows={rows}
          onEnd={() => found.hasNextPage && !found.isFetchingNextPage && found.fetchNextPage()}
        />
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

function Rows({ slug, rows, onEnd }: { slug: string; rows: readonly Conversation[]; onEnd: () => void }) {
  const frame = useRef<HTMLDivElement>(null)
  const now = useMinute()
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 8,
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= rows.length - 10) onEnd()
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <div ref={frame} className={classes.frame} tabIndex={0}>
      <ul className={classes.list} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]
          if (!row) return null
          return (
            <li key={item.key} className={classes.item} style={{ transform: `translateY(${item.start}px)` }}>
              <Row slug={slug} row={row} now={now} />
            </li>
          )
        })}
      </ul>
    </div>
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
