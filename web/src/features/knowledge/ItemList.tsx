import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { type Item, itemsQuery } from '../../api/knowledge.ts'
import { useMinute } from '../../lib/clock.ts'
import { ago } from '../../lib/time.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Button } from '../../ui/Button.tsx'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import { LongList } from '../../ui/LongList.tsx'
import { SearchField } from '../../ui/SearchField.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { State } from '../../ui/State.tsx'
import { ProblemState } from '../shell/ProblemState.tsx'
import classes from './ItemList.module.css'
import { ItemStatusTag } from './ItemStatusTag.tsx'
import { QuestionsLink } from './Questions.tsx'
import { SiteList } from './SiteList.tsx'
import { sourceName } from './source.ts'
import { UploadList } from './UploadList.tsx'

const icons: Record<string, IconName> = { file: 'file', url: 'link', paste: 'text', hitl: 'user' }

/** All knowledge, the latest change first, with what is on its way in above it. */
export function ItemList({ slug, search, mayAdd }: { slug: string; search: string; mayAdd: boolean }) {
  const { t } = useTranslation()
  const navigate = useNavigate({ from: '/$slug/brain' })
  const found = useInfiniteQuery(itemsQuery(slug, search))
  const rows = found.data?.pages.flatMap((page) => page.rows) ?? []
  const now = useMinute()
  const total = found.data?.pages[0]?.total
  const add = () => void navigate({ search: (old) => ({ ...old, add: 'files' as const }) })
  return (
    <section className={classes.pane} aria-label={t('brain.knowledge')}>
      <header className={classes.head}>
        <div className={classes.search}>
          <SearchField
            label={t('brain.search')}
            value={search}
            onChange={(q) =>
              void navigate({
                search: ({ q: _, ...old }) => ({ ...old, ...(q ? { q } : {}) }),
                replace: true,
              })
            }
          />
        </div>
        {mayAdd && (
          <Button look="primary" icon="plus" onClick={add}>
            {t('brain.add')}
          </Button>
        )}
        <p className={classes.total} role="status">
          {total !== undefined && t('brain.total', { count: total })}
          {!mayAdd && ` · ${t('brain.readOnly')}`}
        </p>
      </header>
      <UploadList slug={slug} />
      {mayAdd && !search && <QuestionsLink slug={slug} />}
      {mayAdd && !search && <SiteList slug={slug} />}
      {found.isPending ? (
        <Skeleton label={t('state.loading')} />
      ) : found.isError && rows.length === 0 ? (
        <ProblemState error={found.error} onRetry={() => found.refetch()} />
      ) : rows.length > 0 ? (
        <div className={classes.items}>
          <LongList
            rows={rows}
            height={76}
            onEnd={() => found.hasNextPage && !found.isFetchingNextPage && found.fetchNextPage()}
          >
            {(row) => <Row slug={slug} row={row} now={now} />}
          </LongList>
        </div>
      ) : search ? (
        <State icon="search" title={t('brain.noMatch', { query: search })} />
      ) : (
        <State
          icon="brain"
          title={t('brain.empty')}
          action={
            mayAdd && (
              <Button look="primary" icon="plus" onClick={add}>
                {t('brain.add')}
              </Button>
            )
          }
        >
          {t('brain.emptyMore')}
        </State>
      )}
    </section>
  )
}

function Row({ slug, row, now }: { slug: string; row: Item; now: Date }) {
  const { t, i18n } = useTranslation()
  const { progress } = row
  const known = progress && progress.total > 0
  return (
    <Link
      to="/$slug/brain"
      params={{ slug }}
      search={(old) => ({ ...old, item: row.id })}
      className={classes.row}
    >
      <span className={classes.icon}>
        <Icon name={icons[row.source] ?? 'file'} />
      </span>
      <span className={classes.words}>
        <bdi className={classes.title}>{row.title}</bdi>
        <span className={classes.facts}>
          <span>{sourceName(t, row.source)}</span>
          {row.status === 'embedded' && <span>{t('brain.passages', { count: row.chunks })}</span>}
          <time dateTime={row.updatedAt.toISOString()}>{ago(row.updatedAt, now, i18n.language)}</time>
        </span>
        {row.status === 'processing' && (
          <Bar label={t('brain.processing')} value={known ? progress.done / progress.total : undefined} />
        )}
        {row.status === 'failed' && row.problem && (
          <span className={classes.problem} dir="auto">
            {row.problem}
          </span>
        )}
      </span>
      <ItemStatusTag status={row.status} />
    </Link>
  )
}
