import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery, type Role } from '../../api/me.ts'
import {
  changeMember,
  type Invited,
  inviteAgain,
  type Member,
  mayChange,
  membersKey,
  membersQuery,
  removeMember,
  rolesToGive,
} from '../../api/members.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Sheet } from '../../ui/Sheet.tsx'
import { Table } from '../../ui/Table.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded, More } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { InvitedLink } from './InvitedLink.tsx'
import { InviteForm } from './InviteForm.tsx'
import { MemberStatus } from './MemberStatus.tsx'

/** Who works here, who is invited, and what each of them may do. */
export function Team({ slug, own }: { slug: string; own: Role }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const team = useInfiniteQuery(membersQuery(slug))
  const [inviting, setInviting] = useState(false)
  const [invited, setInvited] = useState<Invited>()
  const [removing, setRemoving] = useState<Member>()
  const refresh = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: membersKey(slug) }),
      queries.invalidateQueries({ queryKey: meQuery().queryKey }), // it may have been oneself
    ])
  const changing = useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) => changeMember(slug, id, { role }),
    onSettled: refresh,
  })
  const again = useMutation({
    mutationFn: (id: string) => inviteAgain(slug, id),
    onSuccess: (one) => {
      setInvited(one)
      void refresh()
    },
  })
  const problem = changing.error ?? again.error
  return (
    <div className={form.stack}>
      <div className={form.actions}>
        <Button look="primary" icon="plus" onClick={() => setInviting(true)}>
          {t('team.invite')}
        </Button>
      </div>
      {problem && <ProblemLine error={problem} />}
      <Loaded query={team}>
        {({ pages }) => (
          <Table
            label={t('settings.team')}
            rows={pages.flatMap((page) => page.rows)}
            keyOf={(row) => row.id}
            columns={[
              {
                head: t('team.person'),
                cell: (row) => (
                  <span className={form.tags}>
                    <bdi>{row.email}</bdi>
                    {row.you && <Tag tone="accent">{t('team.you')}</Tag>}
                  </span>
                ),
              },
              {
                head: t('team.role'),
                cell: (row) =>
                  mayChange(own, row) ? (
                    <NativeSelect
                      aria-label={t('team.roleOf', { email: row.email })}
                      value={row.role}
                      disabled={changing.isPending}
                      onChange={(event) =>
                        changing.mutate({ id: row.id, role: event.currentTarget.value as Role })
                      }
                      data={rolesToGive(own).map((role) => ({ value: role, label: t(`role.${role}`) }))}
                    />
                  ) : (
                    t(`role.${row.role}`)
                  ),
              },
              { head: t('team.status'), cell: (row) => <MemberStatus member={row} /> },
              { head: t('team.since'), cell: (row) => <When at={row.since} /> },
            ]}
            actionsLabel={t('form.actions')}
            actions={(row) =>
              mayChange(own, row) && (
                <>
                  {row.status === 'pending' && (
                    <Button
                      busy={again.isPending && again.variables === row.id}
                      onClick={() => again.mutate(row.id)}
                    >
                      {t('team.inviteAgain')}
                    </Button>
                  )}
                  <Button danger onClick={() => setRemoving(row)}>
                    {t(row.status === 'pending' ? 'team.revoke' : row.you ? 'team.leave' : 'team.remove')}
                  </Button>
                </>
              )
            }
          />
        )}
      </Loaded>
      <More query={team} />
      <Sheet
        open={inviting}
        onClose={() => setInviting(false)}
        from="middle"
        title={t('team.invite')}
        closeLabel={t('state.close')}
      >
        <InviteForm
          slug={slug}
          own={own}
          onInvited={(one) => {
            setInviting(false)
            setInvited(one)
            void refresh()
          }}
        />
      </Sheet>
      <Sheet
        open={invited !== undefined}
        onClose={() => setInvited(undefined)}
        from="middle"
        title={t('team.invited')}
        closeLabel={t('state.close')}
      >
        {invited && <InvitedLink invited={invited} onDone={() => setInvited(undefined)} />}
      </Sheet>
      {removing && (
        <Confirm
          title={t(removing.status === 'pending' ? 'team.revokeTitle' : 'team.removeTitle', {
            email: removing.email,
          })}
          act={t(removing.status === 'pending' ? 'team.revoke' : removing.you ? 'team.leave' : 'team.remove')}
          danger
          run={async () => {
            await removeMember(slug, removing.id)
            await refresh()
          }}
          onClose={() => setRemoving(undefined)}
        >
          {t(removing.status === 'pending' ? 'team.revokeMore' : 'team.removeMore')}
        </Confirm>
      )}
    </div>
  )
}
