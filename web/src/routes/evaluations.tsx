import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { SetForm } from '../features/evaluations/SetForm.tsx'
import { SetList } from '../features/evaluations/SetList.tsx'
import { SetView } from '../features/evaluations/SetView.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import links from '../ui/links.module.css'
import { Page } from '../ui/Page.tsx'
import { Sheet } from '../ui/Sheet.tsx'

/** Questions whose right answers are known, and how well the knowledge answers them. */
export function EvaluationsPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const navigate = useNavigate({ from: '/$slug/brain/evaluations' })
  const { set, run, before, form } = useSearch({ from: '/$slug/brain/evaluations' })
  const may = mayAdminister(role)
  const closeForm = () => form && void navigate({ search: ({ form: _, ...old }) => old })
  return (
    <Page
      title={t('evaluations.title')}
      lead={t('evaluations.lead')}
      back={
        set === undefined ? (
          <Link to="/$slug/brain" params={{ slug }} className={links.back}>
            <Icon name="back" size={16} />
            {t('evaluations.toBrain')}
          </Link>
        ) : (
          <Link to="/$slug/brain/evaluations" params={{ slug }} search={{}} className={links.back}>
            <Icon name="back" size={16} />
            {t('evaluations.all')}
          </Link>
        )
      }
      action={
        may &&
        set === undefined && (
          <Button
            look="primary"
            icon="plus"
            onClick={() => void navigate({ search: (old) => ({ ...old, form: 'new' as const }) })}
          >
            {t('evaluations.create')}
          </Button>
        )
      }
    >
      {!may ? (
        <Forbidden />
      ) : set === undefined ? (
        <SetList
          slug={slug}
          link={(id, name, className) => (
            <Link to="/$slug/brain/evaluations" params={{ slug }} search={{ set: id }} className={className}>
              <bdi>{name}</bdi>
            </Link>
          )}
        />
      ) : (
        <SetView
          slug={slug}
          id={set}
          run={run}
          before={before}
          onLook={(chosen) => void navigate({ search: { set, ...chosen } })}
          onEdit={() => void navigate({ search: (old) => ({ ...old, form: 'edit' as const }) })}
          onGone={() => void navigate({ search: {} })}
        />
      )}
      {may && (
        <Sheet
          open={form !== undefined}
          onClose={closeForm}
          title={form === 'edit' ? t('evaluations.edit') : t('evaluations.create')}
          closeLabel={t('state.close')}
        >
          {form && (
            <SetForm
              slug={slug}
              id={form === 'edit' ? set : undefined}
              onSaved={(id) => void navigate({ search: { set: id } })}
            />
          )}
        </Sheet>
      )}
    </Page>
  )
}
