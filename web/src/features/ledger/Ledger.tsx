import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type End, ends, ledgerQuery } from '../../api/ledger.ts'
import form from '../../ui/form.module.css'
import type { IconName } from '../../ui/Icon.tsx'
import links from '../../ui/links.module.css'
import { State } from '../../ui/State.tsx'
import { Table } from '../../ui/Table.tsx'
import { Tag, type Tone } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Loaded, More } from '../shell/Loaded.tsx'
import classes from './Ledger.module.css'

const looks: Record<End, { tone: Tone; icon: IconName }> = {
  waiting: { tone: 'accent', icon: 'clock' },
  answered: { tone: 'ok', icon: 'check' },
  handed_over: { tone: 'plain', icon: 'people' },
  suppressed: { tone: 'plain', icon: 'eye' },
  silent: { tone: 'plain', icon: 'check' },
  unknown: { tone: 'warn', icon: 'alert' },
  failed: { tone: 'bad', icon: 'alert' },
}

/** Every message that customers sent, by the provider's id, and what became of it. */
export function Ledger({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const [end, setEnd] = useState<End | ''>('')
  const query = useInfiniteQuery(ledgerQuery(slug, end))
  return (
    <>
      <div className={form.toolbar}>
        <NativeSelect
          aria-label={t('ledger.end')}
          value={end}
          onChange={(event) => setEnd(event.currentTarget.value as End | '')}
          data={[
            { value: '', label: t('ledger.all') },
            ...ends.map((one) => ({ value: one, label: t(`ledger.is.${one}`) })),
          ]}
        />
      </div>
      <Loaded query={query}>
        {({ pages }) => {
          const lines = pages.flatMap((page) => page.lines)
          return lines.length === 0 ? (
            <State icon="inbox" title={t('ledger.none')}>
              {t('ledger.noneMore')}
            </State>
          ) : (
            <>
              <Table
                label={t('settings.received')}
                rows={lines}
                keyOf={(line) => line.id}
                columns={[
                  {
                    head: t('ledger.received'),
                    cell: (line) => (
                      <Link
                        to="/$slug/inbox/$conversation"
                        params={{ slug, conversation: line.conversation }}
                        search={{}}
                        className={links.row}
                      >
                        <span className={classes.short}>
                          <When at={line.receivedAt} />
                        </span>
                      </Link>
                    ),
                  },
                  {
                    head: t('ledger.type'),
                    cell: (line) => (
                      <code dir="ltr" className={classes.short}>
                        {line.type}
                      </code>
                    ),
                  },
                  {
                    head: t('ledger.end'),
                    cell: (line) => (
                      <div className={classes.end}>
                        <Tag {...looks[line.end]}>{t(`ledger.is.${line.end}`)}</Tag>
                        {line.reason && <small dir="auto">{line.reason}</small>}
                      </div>
                    ),
                  },
                  {
                    head: t('ledger.id'),
                    cell: (line) => (
                      <code dir="ltr" className={classes.id}>
                        {line.providerId}
                      </code>
                    ),
                  },
                ]}
              />
              <More query={query} />
            </>
          )
        }}
      </Loaded>
    </>
  )
}
