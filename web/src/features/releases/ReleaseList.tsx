import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { type Release, releasesQuery } from '../../api/releases.ts'
import { State } from '../../ui/State.tsx'
import { Table } from '../../ui/Table.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Loaded } from '../shell/Loaded.tsx'

type Props = { slug: string; link: (id: string, name: string) => ReactNode }

const tones = {
  staging: 'accent',
  ready: 'ok',
  promoting: 'accent',
  promoted: 'ok',
  rolling_back: 'accent',
  rolled_back: 'warn',
  discarded: 'plain',
} as const

export function ReleaseState({ state }: { state: Release['state'] }) {
  const { t } = useTranslation()
  return <Tag tone={tones[state]}>{t(`releases.state.${state}`)}</Tag>
}

/** The latest releases, each with where it stands. */
export function ReleaseList({ slug, link }: Props) {
  const { t } = useTranslation()
  const releases = useQuery(releasesQuery(slug))
  return (
    <Loaded query={releases}>
      {(rows) =>
        rows.length === 0 ? (
          <State icon="checks" title={t('releases.none')}>
            {t('releases.noneMore')}
          </State>
        ) : (
          <Table
            label={t('releases.title')}
            rows={rows}
            keyOf={(release) => release.id}
            columns={[
              { head: t('releases.name'), cell: (release) => link(release.id, release.name) },
              { head: t('releases.changes'), cell: (release) => release.count },
              { head: t('releases.stands'), cell: (release) => <ReleaseState state={release.state} /> },
              { head: t('releases.since'), cell: (release) => <When at={release.changedAt} /> },
            ]}
          />
        )
      }
    </Loaded>
  )
}
