import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteTemplate, submitTemplate, type Template, templateKeys } from '../../api/templates.ts'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Sheet } from '../../ui/Sheet.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { Preview } from './Preview.tsx'
import { StatusTag } from './StatusTag.tsx'
import type { May } from './TemplateList.tsx'
import { knownCategory } from './words.ts'

/** One template: what customers see, how far it is, and what can be done about it. */
export function TemplateSheet({
  slug,
  template,
  onClose,
  may,
}: {
  slug: string
  template: Template
  onClose: () => void
  may: May
}) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [deleting, setDeleting] = useState(false)
  const refresh = () => queries.invalidateQueries({ queryKey: templateKeys.all(slug) })
  const submitting = useMutation({
    mutationFn: () => submitTemplate(slug, template.id),
    onSettled: refresh,
  })
  const draft = template.status === 'draft'
  const category = knownCategory(template.category)
  return (
    <>
      <Sheet open onClose={onClose} title={template.name} closeLabel={t('state.close')}>
        <div className={form.stack}>
          {template.reason && (
            <Notice tone={template.status === 'rejected' ? 'bad' : 'warn'}>
              <span dir="auto">{template.reason}</span>
            </Notice>
          )}
          <Preview {...template} />
          <Facts
            facts={[
              [t('templates.status'), <StatusTag key="status" status={template.status} />],
              [
                t('templates.language'),
                <bdi key="language" dir="ltr">
                  {template.language}
                </bdi>,
              ],
              [
                t('templates.categoryName'),
                category ? t(`templates.category.${category}`) : template.category,
              ],
              [t('templates.quality'), template.quality || undefined],
              [t('templates.heard'), <When key="heard" at={template.updatedAt} />],
            ]}
          />
          {draft && <p>{t('templates.draftMore')}</p>}
          {submitting.error && <ProblemLine error={submitting.error} />}
          <div className={form.actions}>
            {draft && may.act && (
              <Button look="primary" busy={submitting.isPending} onClick={() => submitting.mutate()}>
                {t('templates.submit')}
              </Button>
            )}
            {may.remove && (
              <Button danger icon="trash" onClick={() => setDeleting(true)}>
                {t('templates.delete')}
              </Button>
            )}
          </div>
        </div>
      </Sheet>
      {deleting && (
        <Confirm
          title={t('templates.deleteTitle', { name: template.name })}
          act={t('templates.delete')}
          danger
          run={async () => {
            await deleteTemplate(slug, template.id)
            onClose()
            await refresh()
          }}
          onClose={() => setDeleting(false)}
        >
          {draft ? t('templates.deleteDraft') : t('templates.deleteMore')}
        </Confirm>
      )}
    </>
  )
}
