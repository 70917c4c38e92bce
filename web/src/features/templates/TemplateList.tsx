import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  syncTemplates,
  type Template,
  type TemplateChannel,
  templateChannelsQuery,
  templateKeys,
  templatesQuery,
} from '../../api/templates.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { SearchField } from '../../ui/SearchField.tsx'
import { State } from '../../ui/State.tsx'
import { When } from '../../ui/When.tsx'
import { titleOf } from '../channels/words.ts'
import { Loaded, More } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { StatusTag } from './StatusTag.tsx'
import { TemplateSheet } from './TemplateSheet.tsx'
import classes from './Templates.module.css'
import { knownCategory, statuses } from './words.ts'

type Props = {
  slug: string
  search: string
  onSearch: (search: string) => void
  /** The id of the one that is open. */
  open: string | undefined
  onClose: () => void
  /** The way to one of them: the list stands in a tenant's settings and in the administration. */
  link: (id: string, className: string | undefined, content: ReactNode) => ReactNode
  may: May
}
/** Submitting and reading them now, and deleting them, are not everybody's who may look. */
export type May = { act: boolean; remove: boolean }

/** The templates of all numbers, or of one, and the one that is looked at. */
export function TemplateList({ slug, search, onSearch, open, onClose, link, may }: Props) {
  const { t } = useTranslation()
  const channels = useQuery(templateChannelsQuery(slug))
  const [channel, setChannel] = useState('')
  const [status, setStatus] = useState('')
  const templates = useInfiniteQuery(templatesQuery(slug, { search, status, channel }))
  const numbers = channels.data ?? []
  return (
    <>
      <div className={form.toolbar}>
        <SearchField label={t('templates.search')} value={search} onChange={onSearch} />
        <NativeSelect
          aria-label={t('templates.status')}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value)}
          data={[
            { value: '', label: t('templates.anyStatus') },
            ...statuses.map((one) => ({ value: one, label: t(`templates.is.${one}`) })),
          ]}
        />
        {numbers.length > 1 && (
          <NativeSelect
            aria-label={t('templates.number')}
            value={channel}
            onChange={(event) => setChannel(event.currentTarget.value)}
            data={[
              { value: '', label: t('templates.anyNumber') },
              ...numbers.map((one) => ({ value: one.id, label: titleOf(one) })),
            ]}
          />
        )}
      </div>
      <Sync
        slug={slug}
        numbers={channel ? numbers.filter(({ id }) => id === channel) : numbers}
        may={may.act}
      />
      <Loaded query={templates}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.templates)
          const opened = rows.find(({ id }) => id === open)
          return (
            <>
              {rows.length === 0 ? (
                <State icon="file" title={t('templates.none')}>
                  {t('templates.noneMore')}
                </State>
              ) : (
                <ul className={classes.list} aria-label={t('settings.templates')}>
                  {rows.map((row) => (
                    <li key={row.id}>
                      {link(row.id, classes.row, <Row template={row} numbers={numbers} />)}
                    </li>
                  ))}
                </ul>
              )}
              <More query={templates} />
              {opened && <TemplateSheet slug={slug} template={opened} onClose={onClose} may={may} />}
            </>
          )
        }}
      </Loaded>
    </>
  )
}

function Row({ template, numbers }: { template: Template; numbers: readonly TemplateChannel[] }) {
  const { t } = useTranslation()
  const category = knownCategory(template.category)
  const number = numbers.length > 1 && numbers.find(({ id }) => id === template.channelId)
  return (
    <>
      <span className={classes.head}>
        <bdi className={classes.name}>{template.name}</bdi>
        <StatusTag status={template.status} />
      </span>
      <span className={classes.facts}>
        <bdi dir="ltr">{template.language}</bdi>
        <span>{category ? t(`templates.category.${category}`) : template.category}</span>
        {number && <bdi>{titleOf(number)}</bdi>}
      </span>
      <span className={classes.start} dir="auto">
        {template.body}
      </span>
    </>
  )
}

/** When the providers' lists were read, and the way to have it done now instead of within the hour. */
function Sync({ slug, numbers, may }: { slug: string; numbers: readonly TemplateChannel[]; may: boolean }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const syncing = useMutation({
    mutationFn: async () => {
      const failed: string[] = []
      for (const number of numbers) {
        const { error } = await syncTemplates(slug, number.id)
        if (error) failed.push(`${titleOf(number)}: ${error}`)
      }
      return failed
    },
    onSettled: () => queries.invalidateQueries({ queryKey: templateKeys.all(slug) }),
  })
  if (numbers.length === 0) return null
  const read = numbers.map(({ syncedAt }) => syncedAt?.getTime() ?? 0)
  const oldest = Math.min(...read)
  return (
    <div className={form.stack}>
      <div className={form.actions}>
        {may && (
          <Button busy={syncing.isPending} onClick={() => syncing.mutate()}>
            {t('templates.sync')}
          </Button>
        )}
        <span role="status" className={form.said}>
          {syncing.data?.length === 0 && t('templates.synced')}
        </span>
        {oldest > 0 && (
          <span className={classes.faint}>
            {t('templates.read')} <When at={new Date(oldest)} />
          </span>
        )}
      </div>
      {numbers
        .filter(({ error }) => error)
        .map((number) => (
          <Notice key={number.id} live tone="warn">
            <span dir="auto">
              {titleOf(number)}: {number.error}
            </span>
          </Notice>
        ))}
      {syncing.error && <ProblemLine error={syncing.error} />}
    </div>
  )
}
