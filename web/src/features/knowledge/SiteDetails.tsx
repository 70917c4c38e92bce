import { NativeSelect } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { knowledgeKeys } from '../../api/knowledge.ts'
import {
  changeSite,
  crawlSite,
  type Every,
  removeSite,
  rhythms,
  type Site,
  siteQuery,
  stopSite,
} from '../../api/sites.ts'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { SitePages } from './SitePages.tsx'
import { SiteProgress, SiteStatusTag } from './SiteStatus.tsx'
import classes from './Sites.module.css'

/** A web site that the knowledge follows, and what became of its pages. */
export function SiteDetails({ slug, id, onGone }: { slug: string; id: string; onGone: () => void }) {
  const query = useQuery(siteQuery(slug, id))
  return (
    <Loaded query={query}>
      {(site) => (
        <div className={classes.form}>
          <Head site={site} />
          <Actions slug={slug} site={site} onGone={onGone} />
          <SitePages slug={slug} id={id} />
        </div>
      )}
    </Loaded>
  )
}

function Head({ site }: { site: Site }) {
  const { t } = useTranslation()
  return (
    <>
      <p className={classes.strong} dir="ltr">
        {site.address}
      </p>
      <p>
        <SiteStatusTag status={site.status} />
      </p>
      <SiteProgress site={site} />
      {site.problem && (
        <p className={classes.problem} role="alert" dir="auto">
          {site.problem}
        </p>
      )}
      {site.truncated && <Notice>{t('sites.truncated', { max: site.maxPages })}</Notice>}
      <Facts
        facts={[
          [t('sites.scopeLabel'), t(`sites.scope.${site.scope}`)],
          [t('sites.found'), t('sites.added', { count: site.pages.added })],
          [t('sites.last'), site.endedAt && <When at={site.endedAt} />],
          [t('sites.next'), site.nextAt && <When at={site.nextAt} />],
        ]}
      />
    </>
  )
}

function Actions({ slug, site, onGone }: { slug: string; site: Site; onGone: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [sure, setSure] = useState(false)
  const refresh = () => queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
  const crawl = useMutation({ mutationFn: () => crawlSite(slug, site.id), onSuccess: refresh })
  const stop = useMutation({ mutationFn: () => stopSite(slug, site.id), onSuccess: refresh })
  const change = useMutation({
    mutationFn: (every: Every) => changeSite(slug, site.id, { every }),
    onSuccess: refresh,
  })
  const problem = crawl.error ?? stop.error ?? change.error
  return (
    <>
      <NativeSelect
        label={t('sites.everyLabel')}
        value={change.isPending ? change.variables : site.every}
        disabled={change.isPending}
        onChange={(event) => change.mutate(event.currentTarget.value as Every)}
        data={rhythms.map((value) => ({ value, label: t(`sites.every.${value}`) }))}
      />
      <div className={form.actions}>
        {site.status === 'crawling' ? (
          <Button busy={stop.isPending} onClick={() => stop.mutate()}>
            {t('sites.stop')}
          </Button>
        ) : (
          <Button icon="refresh" busy={crawl.isPending} onClick={() => crawl.mutate()}>
            {t('sites.crawl')}
          </Button>
        )}
        <Button icon="trash" danger onClick={() => setSure(true)}>
          {t('sites.remove')}
        </Button>
      </div>
      {problem && <ProblemLine error={problem} />}
      {sure && (
        <Confirm
          title={t('sites.removeTitle')}
          act={t('sites.remove')}
          danger
          run={() => removeSite(slug, site.id).then(refresh)}
          onClose={() => setSure(false)}
          onDone={onGone}
        >
          {t('sites.removeMore')}
        </Confirm>
      )}
    </>
  )
}
