import { NativeSelect } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import {
  type AssignedRole,
  addUser,
  changeUser,
  type PlatformUser,
  removeUser,
  usersKey,
} from '../../api/users.ts'
import { Button } from '../../ui/Button.tsx'
import { EmailField } from '../../ui/EmailField.tsx'
import form from '../../ui/form.module.css'
import { Sheet } from '../../ui/Sheet.tsx'
import { Table } from '../../ui/Table.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { useMayAct } from './rights.ts'

const assigned = ['user', 'admin'] as const satisfies readonly AssignedRole[]

/** Who has a role on the platform, and the ways to change that. Super admins come from the operator's settings alone. */
export function Users({ users }: { users: readonly PlatformUser[] }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const mayAct = useMayAct()
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<PlatformUser & { id: string }>()
  const refresh = () => queries.invalidateQueries({ queryKey: usersKey })
  const changing = useMutation({
    mutationFn: ({ id, role }: { id: string; role: AssignedRole }) => changeUser(id, role),
    onSettled: refresh,
  })
  return (
    <div className={form.stack}>
      {mayAct && (
        <div className={form.actions}>
          <Button look="primary" icon="plus" onClick={() => setAdding(true)}>
            {t('users.add')}
          </Button>
        </div>
      )}
      {changing.error && <ProblemLine error={changing.error} />}
      <Table
        label={t('users.title')}
        rows={users}
        keyOf={(row) => row.id ?? row.email}
        columns={[
          { head: t('users.email'), cell: (row) => <bdi>{row.email}</bdi> },
          {
            head: t('users.role'),
            cell: (row) =>
              mayAct && row.id ? (
                <RoleChoice
                  label={t('users.roleOf', { email: row.email })}
                  role={row.role === 'admin' ? 'admin' : 'user'}
                  onChange={(role) => row.id && changing.mutate({ id: row.id, role })}
                />
              ) : (
                <Tag tone={row.role === 'super_admin' ? 'accent' : 'plain'}>
                  {t(`platformRole.${row.role}`)}
                </Tag>
              ),
          },
          {
            head: t('users.from'),
            cell: (row) => (row.id ? <bdi>{row.assignedBy}</bdi> : t('users.fromSettings')),
          },
          { head: t('users.since'), cell: (row) => row.assignedAt && <When at={row.assignedAt} /> },
        ]}
        actionsLabel={t('form.actions')}
        actions={(row) => {
          const { id } = row
          return (
            mayAct &&
            id && (
              <Button danger onClick={() => setRemoving({ ...row, id })}>
                {t('users.remove')}
              </Button>
            )
          )
        }}
      />
      <Sheet
        open={adding}
        onClose={() => setAdding(false)}
        from="middle"
        title={t('users.add')}
        closeLabel={t('state.close')}
      >
        <AddUser
          onDone={() => {
            setAdding(false)
            void refresh()
          }}
        />
      </Sheet>
      {removing && (
        <Confirm
          title={t('users.removeTitle', { email: removing.email })}
          act={t('users.remove')}
          danger
          run={async () => {
            await removeUser(removing.id)
            await refresh()
          }}
          onClose={() => setRemoving(undefined)}
        >
          {t('users.removeMore')}
        </Confirm>
      )}
    </div>
  )
}

function RoleChoice(props: { label: string; role: AssignedRole; onChange: (role: AssignedRole) => void }) {
  const { t } = useTranslation()
  return (
    <NativeSelect
      aria-label={props.label}
      value={props.role}
      onChange={(event) => props.onChange(event.currentTarget.value as AssignedRole)}
      data={assigned.map((role) => ({ value: role, label: t(`platformRole.${role}`) }))}
    />
  )
}

function AddUser({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<AssignedRole>('admin')
  const adding = useMutation({ mutationFn: () => addUser(email.trim(), role), onSuccess: onDone })
  const errors = fieldErrors(adding.error && asProblem(adding.error), ['email', 'role'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    adding.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <EmailField
        label={t('users.email')}
        error={errors.of('email')}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <NativeSelect
        label={t('users.role')}
        description={t('users.roleMore')}
        error={errors.of('role')}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value as AssignedRole)}
        data={assigned.map((one) => ({ value: one, label: t(`platformRole.${one}`) }))}
      />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={adding.isPending}>
          {t('users.add')}
        </Button>
      </div>
    </form>
  )
}
