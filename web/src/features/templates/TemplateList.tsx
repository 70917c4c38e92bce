import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Channel, channelsQuery } from '../../api/channels.ts'
import { syncTemplates, type Template, templateKeys, templatesQuery } from '../../api/templates.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { SearchField } from '../../ui/SearchField.tsx'
import { State } from '../../ui/State.tsx'
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
}

/** The templates of all numbers, or of one, and the one that is looked at. */
export function TemplateList({ slug, search, onSearch, open, onClose }: Props) {
  const { t } = useTranslation()
  const channels = useQuery(channelsQuery(slug))
  const [channel, setChannel] = useState('')
  const [status, setStatus] = useState('')
  const templates = useInfiniteQuery(templatesQuery(slug, { search, status, channel }))
  const numbers = channels.data?.channels ?? []
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
      <Sync slug={slug} numbers={channel ? numbers.filter(({ id }) => id === channel) : numbers} />
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
                      <Row slug={slug} template={row} numbers={numbers} search={search} />
                    </li>
                  ))}
                </ul>
              )}
              <More query={templates} />
              {opened && <TemplateSheet slug={slug} template={opened} onClose={onClose} />}
            </>
          )
        }}
      </Loaded>
    </>
  )
}

function Row({
  slug,
  template,
  numbers,
  search,
}: {
  slug: string
  template: Template
  numbers: readonly Channel[]
  search: string
}) {
  const { t } = useTranslation()
  const category = knownCategory(template.category)
  const number = numbers.length > 1 && numbers.find(({ id }) => id === template.channelId)
  return (
    <Link
      to="/$slug/settings/templates"
      params={{ slug }}
      search={{ ...(search ? { q: search } : {}), template: template.id }}
      className={classes.row}
    >
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
    </Link>
  )
}

/** Reads the providers' lists now, instead of within the hour. */
function Sync({ slug, numbers }: { slug: string; numbers: readonly Channel[] }) {
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
  return (
    <div className={form.stack}>
      <div className={form.actions}>
        <Button busy={syncing.isPending} onClick={() => syncing.mutate()}>
          {t('templates.sync')}
        </Button>
        <span role="status" className={form.said}>
          {syncing.data?.length === 0 && t('templates.synced')}
        </span>
      </div>
      {syncing.data?.map((failure) => (
        <Notice key={failure} live tone="warn">
          <span dir="auto">{failure}</span>
        </Notice>
      ))}
      {syncing.error && <ProblemLine error={syncing.error} />}
    </div>
  )
}
