import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { embedderQuery, type Embedder as Found, resetEmbedder } from '../../api/embedder.ts'
import { knowledgeKeys } from '../../api/knowledge.ts'
import { Bar } from '../../ui/Bar.tsx'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { EmbedderForm } from './EmbedderForm.tsx'
import classes from './Sites.module.css'

const tones = { serving: 'ok', embedding: 'accent', waiting: 'warn', budget: 'warn', failed: 'bad' } as const
const icons = {
  serving: 'check',
  embedding: 'clock',
  waiting: 'clock',
  budget: 'alert',
  failed: 'alert',
} as const

/** Which service makes the vectors of the knowledge, how far it is, and the form that chooses another. */
export function Embedder({ slug }: { slug: string }) {
  const query = useQuery(embedderQuery(slug))
  return (
    <Loaded query={query}>
      {(found) => (
        <div className={classes.form}>
          <Head found={found} />
          <EmbedderForm key={`${found.own} ${found.baseUrl} ${found.model}`} slug={slug} found={found} />
          {found.own && <Reset slug={slug} />}
        </div>
      )}
    </Loaded>
  )
}

function Head({ found }: { found: Found }) {
  const { t, i18n } = useTranslation()
  const number = new Intl.NumberFormat(i18n.language)
  const name = (own: boolean, model: string) =>
    own ? <bdi dir="ltr">{model}</bdi> : t('embedder.installation')
  const { done, total } = found
  return (
    <>
      <p>{t('embedder.about')}</p>
      <p className={classes.strong}>{name(found.own, found.model)}</p>
      <p role="status">
        <Tag tone={tones[found.state]} icon={icons[found.state]}>
          {t(`embedder.state.${found.state}`)}
        </Tag>
      </p>
      {found.state !== 'serving' && (
        <>
          <Bar
            label={t('embedder.progress', { done: number.format(done), total: number.format(total) })}
            value={total > 0 ? done / total : undefined}
          />
          <p className={classes.quiet}>{t('embedder.meanwhile')}</p>
        </>
      )}
      {found.problem && (
        <p className={classes.problem} role="alert" dir="auto">
          {found.problem}
        </p>
      )}
      {found.failure && found.failedAt && (
        <Notice tone="warn">
          <span>{t('embedder.failure')} </span>
          <When at={found.failedAt} />
          <p dir="auto">{found.failure}</p>
        </Notice>
      )}
      <Facts
        facts={[
          [t('embedder.serving'), name(found.serving.own, found.serving.model)],
          [t('embedder.dimensions'), found.own ? number.format(found.dimensions) : undefined],
          [
            t('embedder.used'),
            !found.own
              ? undefined
              : found.monthlyTokens > 0
                ? t('embedder.usedOf', {
                    used: number.format(found.usedTokens),
                    most: number.format(found.monthlyTokens),
                  })
                : number.format(found.usedTokens),
          ],
        ]}
      />
    </>
  )
}

function Reset({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [sure, setSure] = useState(false)
  const refresh = () => queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
  return (
    <div className={form.actions}>
      <Button icon="back" onClick={() => setSure(true)}>
        {t('embedder.reset')}
      </Button>
      {sure && (
        <Confirm
          title={t('embedder.resetTitle')}
          act={t('embedder.reset')}
          run={() => resetEmbedder(slug).then(refresh)}
          onClose={() => setSure(false)}
        >
          {t('embedder.resetMore')}
        </Confirm>
      )}
    </div>
  )
}
