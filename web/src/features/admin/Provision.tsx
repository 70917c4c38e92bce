import { TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../../api/config.ts'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem, type Problem } from '../../api/problem.ts'
import { provision, type Setup, tenantKeys } from '../../api/tenants.ts'
import { slugFrom } from '../../lib/slug.ts'
import { Button } from '../../ui/Button.tsx'
import { EmailField } from '../../ui/EmailField.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { N8n } from './N8n.tsx'
import { Progress } from './Progress.tsx'

// By then the first commit is done, and the tenant has steps to show.
const patience = 800

/** A new tenant: its name, its address, its owner. Then every step of setting it up, as it happens. */
export function Provision() {
  const queries = useQueryClient()
  const [late, setLate] = useState(false)
  const making = useMutation({
    mutationFn: (setup: Setup) => {
      const timer = setTimeout(() => setLate(true), patience)
      return provision(setup).finally(() => {
        clearTimeout(timer)
        setLate(false)
      })
    },
    onSettled: () => queries.invalidateQueries({ queryKey: tenantKeys.all }),
  })
  if (making.isSuccess || late)
    return <Progress tenant={making.variables?.slug ?? ''} provisioned={making.data} />
  return (
    <Draft
      setup={making.variables}
      busy={making.isPending}
      problem={making.error ? asProblem(making.error) : undefined}
      onSubmit={making.mutate}
    />
  )
}

type DraftProps = {
  setup: Setup | undefined
  busy: boolean
  problem: Problem | undefined
  onSubmit: (setup: Setup) => void
}

function Draft({ setup, busy, problem, onSubmit }: DraftProps) {
  const { t } = useTranslation()
  const { baseDomain } = useConfig()
  const [name, setName] = useState(setup?.name ?? '')
  const [slug, setSlug] = useState(setup?.slug) // undefined: it follows the name
  const [owner, setOwner] = useState(setup?.owner ?? '')
  const [n8n, setN8n] = useState(setup?.n8n ?? '')
  const address = slug ?? slugFrom(name)
  const errors = fieldErrors(problem, ['tenant_slug', 'tenant_name', 'owner_email', 'n8n_url'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit({ slug: address, name: name.trim(), owner: owner.trim(), n8n: n8n.trim() })
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <TextInput
        label={t('tenant.name')}
        dir="auto"
        required
        withAsterisk={false}
        maxLength={120}
        error={errors.of('tenant_name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label={t('tenant.slug')}
        description={t('admin.slugMore', { host: `${address || '…'}.${baseDomain}` })}
        dir="ltr"
        required
        withAsterisk={false}
        minLength={3}
        maxLength={63}
        pattern="[a-z0-9](?:[a-z0-9]|-)*[a-z0-9]"
        autoCapitalize="none"
        spellCheck={false}
        error={errors.of('tenant_slug')}
        value={address}
        onChange={(event) => setSlug(event.currentTarget.value)}
      />
      <EmailField
        label={t('admin.ownerEmail')}
        description={t('admin.ownerEmailMore')}
        error={errors.of('owner_email')}
        value={owner}
        onChange={(event) => setOwner(event.currentTarget.value)}
      />
      <N8n value={n8n} onChange={setN8n} error={errors.of('n8n_url')} />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={busy}>
          {t('admin.provisionSubmit')}
        </Button>
      </div>
    </form>
  )
}
