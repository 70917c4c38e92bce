import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { AddKnowledge } from '../features/knowledge/AddKnowledge.tsx'
import { Ask } from '../features/knowledge/Ask.tsx'
import { Embedder } from '../features/knowledge/Embedder.tsx'
import { ItemDetails } from '../features/knowledge/ItemDetails.tsx'
import { ItemList } from '../features/knowledge/ItemList.tsx'
import { Questions } from '../features/knowledge/Questions.tsx'
import { SiteDetails } from '../features/knowledge/SiteDetails.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Icon } from '../ui/Icon.tsx'
import { Sheet } from '../ui/Sheet.tsx'
import classes from './brain.module.css'

/** What the business knows, beside a place to ask it; on a phone one or the other. */
export function BrainPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const navigate = useNavigate({ from: '/$slug/brain' })
  const {
    q = '',
    item,
    site,
    view,
    ask,
    expect,
    questions,
    embedder,
    add,
  } = useSearch({
    from: '/$slug/brain',
  })
  const mayChange = mayAdminister(role)
  const closeItem = () => item && void navigate({ search: ({ item: _, ...old }) => old })
  const closeSite = () => site && void navigate({ search: ({ site: _, ...old }) => old })
  const closeEmbedder = () => embedder && void navigate({ search: ({ embedder: _, ...old }) => old })
  const closeQuestions = () => questions && void navigate({ search: ({ questions: _, ...old }) => old })
  return (
    <div className={classes.page} data-view={view ?? 'list'}>
      <h1 className={classes.title}>{t('brain.title')}</h1>
      {mayChange && (
        <div className={classes.more}>
          <Link to="/$slug/brain/evaluations" params={{ slug }} search={{}} className={classes.evaluations}>
            <Icon name="checks" size={16} />
            {t('brain.evaluations')}
          </Link>
          <Link
            to="/$slug/brain"
            params={{ slug }}
            search={(old) => ({ ...old, embedder: true as const })}
            className={classes.evaluations}
          >
            <Icon name="brain" size={16} />
            {t('embedder.title')}
          </Link>
          <Link to="/$slug/brain/releases" params={{ slug }} search={{}} className={classes.evaluations}>
            <Icon name="refresh" size={16} />
            {t('brain.releases')}
          </Link>
        </div>
      )}
      <nav className={classes.views} aria-label={t('brain.title')}>
        <Link
          to="/$slug/brain"
          params={{ slug }}
          search={({ view: _, ...old }) => old}
          className={classes.view}
          activeOptions={{ exact: true }}
        >
          {t('brain.knowledge')}
        </Link>
        <Link
          to="/$slug/brain"
          params={{ slug }}
          search={(old) => ({ ...old, view: 'ask' as const })}
          className={classes.view}
          activeOptions={{ exact: true }}
        >
          {t('brain.ask')}
        </Link>
      </nav>
      <div className={classes.columns}>
        <div className={classes.list}>
          <ItemList slug={slug} search={q} mayAdd={mayChange} />
        </div>
        <div className={classes.ask}>
          <Ask key={ask} slug={slug} question={ask} expect={expect} />
        </div>
      </div>
      <Sheet
        open={item !== undefined}
        onClose={closeItem}
        title={t('brain.item')}
        closeLabel={t('state.close')}
      >
        {item && <ItemDetails slug={slug} id={item} mayChange={mayChange} onGone={closeItem} />}
      </Sheet>
      <Sheet
        open={site !== undefined && item === undefined}
        onClose={closeSite}
        title={t('sites.one')}
        closeLabel={t('state.close')}
      >
        {site && <SiteDetails slug={slug} id={site} onGone={closeSite} />}
      </Sheet>
      <Sheet
        open={questions === true && mayChange}
        onClose={closeQuestions}
        title={t('brain.questions.title')}
        closeLabel={t('state.close')}
      >
        {questions && mayChange && <Questions slug={slug} />}
      </Sheet>
      <Sheet
        open={embedder === true && mayChange}
        onClose={closeEmbedder}
        title={t('embedder.title')}
        closeLabel={t('state.close')}
      >
        {embedder && mayChange && <Embedder slug={slug} />}
      </Sheet>
      {mayChange && <AddKnowledge slug={slug} way={add} />}
    </div>
  )
}
