import { TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { knowledgeKeys } from '../../api/knowledge.ts'
import { addUrl, previewSite } from '../../api/sites.ts'
import { randomId } from '../../lib/id.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './AddKnowledge.module.css'
import { SitePreview } from './SitePreview.tsx'
import { firstRules, SiteRules } from './SiteRules.tsx'

/** A web page by its address, or the site that begins there, with a look at it before. */
export function AddPage({ slug, onDone }: { slug: string; onDone: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const navigate = useNavigate({ from: '/$slug/brain' })
  const [typed, setTyped] = useState('')
  const [rules, setRules] = useState(firstRules)
  const url = /^[a-z]+:\/\//i.test(typed.trim()) ? typed.trim() : `https://${typed.trim()}`
  const follows = rules.scope !== 'page' || rules.every !== 'never'
  const preview = useMutation({ mutationFn: () => previewSite(slug, url, rules) })
  const add = useMutation({
    mutationFn: () => addUrl(slug, url, rules, randomId()),
    onSuccess: async (site) => {
      await queries.invalidateQueries({ queryKey: knowledgeKeys.all(slug) })
      if (site) void navigate({ search: ({ add: _, ...old }) => ({ ...old, site }), replace: true })
      else onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  const problem = add.error ?? preview.error
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={t('brain.url')}
        placeholder={t('brain.urlHint')}
        inputMode="url"
        autoCapitalize="none"
        autoComplete="off"
        dir="ltr"
        required
        withAsterisk={false}
        maxLength={2000}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          preview.reset()
        }}
        data-autofocus
      />
      <SiteRules
        rules={rules}
        onChange={(changed) => {
          setRules(changed)
          preview.reset()
        }}
      />
      {preview.data && <SitePreview preview={preview.data} />}
      {problem && <ProblemLine error={problem} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={add.isPending} disabled={typed.trim() === ''}>
          {follows ? t('sites.follow') : t('brain.addUrl')}
        </Button>
        {rules.scope !== 'page' && (
          <Button busy={preview.isPending} disabled={typed.trim() === ''} onClick={() => preview.mutate()}>
            {t('sites.preview')}
          </Button>
        )}
      </div>
    </form>
  )
}
