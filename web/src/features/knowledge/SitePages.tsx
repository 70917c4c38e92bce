import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type PageState, pageStates, type SitePage, sitePagesQuery } from '../../api/sites.ts'
import links from '../../ui/links.module.css'
import { Tag, type Tone } from '../../ui/Tag.tsx'
import { Loaded, More } from '../shell/Loaded.tsx'
import classes from './Sites.module.css'

const tones: Record<PageState, Tone> = {
  ...{ waiting: 'plain', added: 'ok', duplicate: 'plain', skipped: 'plain' },
  ...{ failed: 'bad', gone: 'warn' },
}

/** What became of each page of a site. */
export function SitePages({ slug, id }: { slug: string; id: string }) {
  const { t } = useTranslation()
  const [state, setState] = useState<PageState | ''>('')
  const query = useInfiniteQuery(sitePagesQuery(slug, id, state))
  return (
    <section className={classes.form}>
      <h3 className={classes.heading}>{t('sites.pagesTitle')}</h3>
      <NativeSelect
        label={t('sites.filter')}
        value={state}
        onChange={(event) => setState(event.currentTarget.value as PageState | '')}
        data={[
          { value: '', label: t('sites.all') },
          ...pageStates.map((value) => ({ value, label: t(`sites.state.${value}`) })),
        ]}
      />
      <Loaded query={query}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.pages)
          if (rows.length === 0) return <p className={classes.quiet}>{t('sites.noPages')}</p>
          return (
            <>
              <ul className={classes.pages}>
                {rows.map((page) => (
                  <li key={page.address} className={classes.page}>
                    <Page slug={slug} page={page} />
                  </li>
                ))}
              </ul>
              <More query={query} />
            </>
          )
        }}
      </Loaded>
    </section>
  )
}

function Page({ slug, page }: { slug: string; page: SitePage }) {
  const { t } = useTranslation()
  return (
    <>
      <span className={classes.pageHead}>
        <Tag tone={tones[page.state]}>{t(`sites.state.${page.state}`)}</Tag>
        {page.item && (
          <Link
            to="/$slug/brain"
            params={{ slug }}
            search={(old) => ({ ...old, item: page.item as string })}
            className={links.row}
            aria-label={`${t('sites.open')}: ${page.address}`}
          >
            {t('sites.open')}
          </Link>
        )}
      </span>
      <a href={page.url} target="_blank" rel="noopener noreferrer" dir="ltr" className={classes.url}>
        {page.address}
      </a>
      {page.problem && (
        <span className={classes.quiet} dir="auto">
          {page.problem}
        </span>
      )}
      {page.sameAs && <span className={classes.quiet}>{t('sites.sameAs', { address: page.sameAs })}</span>}
    </>
  )
}
