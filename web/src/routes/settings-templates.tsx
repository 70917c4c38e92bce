import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { channelsQuery } from '../api/channels.ts'
import { mayAdminister } from '../api/me.ts'
import { Loaded } from '../features/shell/Loaded.tsx'
import { Forbidden } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { TemplateForm } from '../features/templates/TemplateForm.tsx'
import { TemplateList } from '../features/templates/TemplateList.tsx'
import { Button } from '../ui/Button.tsx'
import { Page } from '../ui/Page.tsx'
import { Sheet } from '../ui/Sheet.tsx'
import { State } from '../ui/State.tsx'

export function TemplatesPage() {
  const { t } = useTranslation()
  const { role } = useTenant()
  const navigate = useNavigate({ from: '/$slug/settings/templates' })
  const may = mayAdminister(role)
  return (
    <Page
      title={t('settings.templates')}
      lead={t('templates.lead')}
      action={
        may && (
          <Button
            look="primary"
            icon="plus"
            onClick={() => void navigate({ search: (old) => ({ ...old, form: 'new' as const }) })}
          >
            {t('templates.create')}
          </Button>
        )
      }
    >
      {may ? <Templates /> : <Forbidden />}
    </Page>
  )
}

function Templates() {
  const { t } = useTranslation()
  const { slug } = useTenant()
  const { q = '', form, template } = useSearch({ from: '/$slug/settings/templates' })
  const navigate = useNavigate({ from: '/$slug/settings/templates' })
  const channels = useQuery(channelsQuery(slug))
  return (
    <>
      <TemplateList
        slug={slug}
        search={q}
        onSearch={(search) => void navigate({ search: search ? { q: search } : {}, replace: true })}
        open={template}
        onClose={() => void navigate({ search: q ? { q } : {} })}
        link={(id, className, content) => (
          <Link
            to="/$slug/settings/templates"
            params={{ slug }}
            search={{ ...(q ? { q } : {}), template: id }}
            className={className}
          >
            {content}
          </Link>
        )}
        may={{ act: true, remove: true }}
      />
      <Sheet
        open={form === 'new'}
        onClose={() => form && void navigate({ search: q ? { q } : {} })}
        title={t('templates.create')}
        closeLabel={t('state.close')}
      >
        {form === 'new' && (
          <Loaded query={channels}>
            {({ channels }) =>
              channels.length === 0 ? (
                <State icon="phone" title={t('templates.noNumber')}>
                  {t('templates.noNumberMore')}
                </State>
              ) : (
                <TemplateForm
                  slug={slug}
                  numbers={channels}
                  onMade={({ id }) => void navigate({ search: { template: id } })}
                />
              )
            }
          </Loaded>
        )}
      </Sheet>
    </>
  )
}
