import { useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Item, knowledgeKeys } from '../../api/knowledge.ts'
import { restoreVersion, type Version, versionsQuery, versionTextQuery } from '../../api/versions.ts'
import { actorName } from '../../lib/actor.ts'
import { Button } from '../../ui/Button.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { usePeople } from '../audit/usePeople.ts'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { Diff } from './Diff.tsx'
import details from './ItemDetails.module.css'
import classes from './Versions.module.css'

/** How an item came to be what it is: each version, what it changed, and a way back to it. */
export function Versions({ slug, item }: { slug: string; item: Item }) {
  const { t } = useTranslation()
  const found = useQuery(versionsQuery(slug, item.id, item.status === 'processing' ? 0 : item.version))
  const people = usePeople(slug)
  const serving = found.data?.find((version) => version.serving)?.version
  return (
    <section>
      <h3 className={details.heading}>{t('brain.versions')}</h3>
      {found.isPending && <Skeleton label={t('state.loading')} rows={2} />}
      {found.isError && <ProblemLine error={found.error} />}
      {found.data?.length === 0 && <p className={details.none}>{t('brain.noVersions')}</p>}
      <ol className={classes.versions}>
        {found.data?.map((version) => (
          <li key={version.version}>
            <One slug={slug} id={item.id} version={version} serving={serving} people={people} />
          </li>
        ))}
      </ol>
    </section>
  )
}

type Props = {
  slug: string
  id: string
  version: Version
  serving: number | undefined
  people: ReadonlyMap<string, string>
}

function One({ slug, id, version, serving, people }: Props) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <details className={classes.version} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={classes.head}>
        <strong>{t('brain.version', { version: version.version })}</strong>
        {version.cause && (
          <span>{t(`brain.cause.${version.cause}`, { version: version.restored ?? 0 })}</span>
        )}
        {version.serving && <Tag tone="ok">{t('brain.serving')}</Tag>}
        {version.by && <bdi>{actorName(version.by, people)}</bdi>}
        <When at={version.at} />
      </summary>
      {open && <Text slug={slug} id={id} version={version} serving={serving} />}
    </details>
  )
}

/** The text of a version; of an old one, what is different in the one that serves, and the way back. */
function Text({ slug, id, version, serving }: Omit<Props, 'people'>) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const old = serving !== undefined && version.version !== serving
  const [compare, setCompare] = useState(old)
  const texts = useQueries({
    queries: [
      versionTextQuery(slug, id, version.version),
      versionTextQuery(slug, id, serving ?? version.version),
    ],
  })
  const [own, now] = texts
  const restore = useMutation({
    mutationFn: () => restoreVersion(slug, id, version.version),
    onSuccess: () => queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) }),
  })
  const problem = own.error ?? now.error ?? restore.error
  return (
    <div className={classes.body}>
      {old && (
        <div className={details.actions}>
          <Button aria-pressed={compare} onClick={() => setCompare(!compare)}>
            {t('brain.compare')}
          </Button>
          <Button icon="refresh" busy={restore.isPending} onClick={() => restore.mutate()}>
            {t('brain.restore')}
          </Button>
        </div>
      )}
      {problem && <ProblemLine error={problem} />}
      {texts.some((text) => text.isPending) && <Skeleton label={t('state.loading')} rows={3} />}
      {own.data !== undefined && now.data !== undefined && (
        <Diff before={own.data} after={compare ? now.data : own.data} />
      )}
    </div>
  )
}
