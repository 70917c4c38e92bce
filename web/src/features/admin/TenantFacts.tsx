import { TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import { changeTenant, type TenantRow, tenantKeys } from '../../api/tenants.ts'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { When } from '../../ui/When.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { N8n } from './N8n.tsx'
import { useMayAct } from './rights.ts'
import { TenantStatusTag } from './TenantStatusTag.tsx'

/** Who a tenant is. */
export function TenantFacts({ tenant }: { tenant: TenantRow }) {
  const { t } = useTranslation()
  const mayAct = useMayAct()
  const [changing, setChanging] = useState(false)
  return (
    <Panel
      title={t('admin.profile')}
      action={mayAct && !changing && <Button onClick={() => setChanging(true)}>{t('admin.change')}</Button>}
    >
      {changing && <Change tenant={tenant} onDone={() => setChanging(false)} />}
      <Facts
        facts={[
          [t('tenant.name'), <bdi key="name">{tenant.name}</bdi>],
          [t('tenant.slug'), <code key="slug">{tenant.slug}</code>],
          [t('tenant.statusName'), <TenantStatusTag key="status" status={tenant.status} />],
          [t('tenant.since'), <When key="since" at={tenant.since} />],
          [t('admin.n8n'), tenant.n8n && <bdi key="n8n">{tenant.n8n}</bdi>],
          [t('tenant.created'), <When key="created" at={tenant.createdAt} />],
          [t('tenant.id'), <code key="id">{tenant.id}</code>],
        ]}
      />
    </Panel>
  )
}

function Change({ tenant, onDone }: { tenant: TenantRow; onDone: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [name, setName] = useState(tenant.name)
  const [n8n, setN8n] = useState(tenant.n8n)
  const saving = useMutation({
    mutationFn: () => changeTenant(tenant.slug, { name: name.trim(), n8n: n8n.trim() }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: tenantKeys.all })
      onDone()
    },
  })
  const errors = fieldErrors(saving.error && asProblem(saving.error), ['name', 'n8n_url'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <TextInput
        label={t('tenant.name')}
        dir="auto"
        required
        withAsterisk={false}
        maxLength={120}
        error={errors.of('name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <N8n value={n8n} onChange={setN8n} error={errors.of('n8n_url')} />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={saving.isPending}>
          {t('form.save')}
        </Button>
        <Button onClick={onDone}>{t('state.cancel')}</Button>
      </div>
    </form>
  )
}
