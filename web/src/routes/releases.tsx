import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { mayAdminister } from '../api/me.ts'
import { ChangeForm } from '../features/releases/ChangeForm.tsx'
import { ReleaseForm } from '../features/releases/ReleaseForm.tsx'
import { ReleaseList } from '../features/releases/ReleaseList.tsx'
import classes from '../features/releases/Releases.module.css'
import { ReleaseView } from '../features/releases/ReleaseView.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import links from '../ui/links.module.css'
import { Page } from '../ui/Page.tsx'
import { Sheet } from '../ui/Sheet.tsx'

/** Changes to the knowledge that are prepared and measured before they serve. */
export function ReleasesPage() {
  const { t } = useTranslation()
  const { slug, role } = useTenant()
  const navigate = useNavigate({ from: '/$slug/brain/releases' })
  const { release, form } = useSearch({ from: '/$slug/brain/releases' })
  const may = mayAdminister(role)
  const open = () => void navigate({ search: (old) => ({ ...old, form: 'new' as const }) })
  const close = () => form && void navigate({ search: ({ form: _, ...old }) => old })
  return (
    <Page
      title={t('releases.title')}
      lead={t('releases.lead')}
      back={
        release === undefined ? (
          <Link to="/$slug/brain" params={{ slug }} className={links.back}>
            <Icon name="back" size={16} />
            {t('releases.toBrain')}
          </Link>
        ) : (
          <Link to="/$slug/brain/releases" params={{ slug }} search={{}} className={links.back}>
            <Icon name="back" size={16} />
            {t('releases.all')}
          </Link>
        )
      }
      action={
        may &&
        release === undefined && (
          <Button look="primary" icon="plus" onClick={open}>
            {t('releases.stage')}
          </Button>
        )
      }
    >
      {!may ? (
        <Forbidden />
      ) : release === undefined ? (
        <ReleaseList
          slug={slug}
          link={(id, name) => (
            <Link
              to="/$slug/brain/releases"
              params={{ slug }}
              search={{ release: id }}
              className={classes.name}
            >
              <bdi>{name}</bdi>
            </Link>
          )}
        />
      ) : (
        <ReleaseView
          slug={slug}
          id={release}
          onAdd={open}
          onGone={() => void navigate({ search: {} })}
          measure={
            <Link to="/$slug/brain/evaluations" params={{ slug }} search={{}} className={links.back}>
              <Icon name="checks" size={16} />
              {t('releases.measure')}
            </Link>
          }
        />
      )}
      {may && (
        <Sheet
          open={form !== undefined}
          onClose={close}
          title={release === undefined ? t('releases.stage') : t('releases.add')}
          closeLabel={t('state.close')}
        >
          {form &&
            (release === undefined ? (
              <ReleaseForm slug={slug} onStaged={(id) => void navigate({ search: { release: id } })} />
            ) : (
              <ChangeForm slug={slug} id={release} onDone={close} />
            ))}
        </Sheet>
      )}
    </Page>
  )
}
