import { queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client.ts'
import type { PlatformRole } from './me.ts'

/** Somebody with a role on the platform. Without an id it comes from the operator's settings and is not ours to change. */
export type PlatformUser = {
  id: string | undefined
  email: string
  role: PlatformRole
  assignedBy: string | undefined
  assignedAt: Date | undefined
}
export type AssignedRole = 'user' | 'admin'

export const usersKey = ['admin', 'users'] as const

export const usersQuery = () =>
  queryOptions({
    queryKey: usersKey,
    queryFn: async ({ signal }) => {
      const wire = await unwrap(client('').GET('/routes/users', { signal }))
      return {
        warnings: wire.warnings ?? [],
        users: (wire.users ?? []).map(
          (one): PlatformUser => ({
            id: one.id,
            email: one.email,
            role: one.role,
            assignedBy: one.assigned_by || undefined,
            assignedAt: one.assigned_at ? new Date(one.assigned_at) : undefined,
          }),
        ),
      }
    },
  })

export const addUser = (email: string, role: AssignedRole) =>
  unwrap(client('').POST('/routes/users', { body: { email, role } }))

export const changeUser = (id: string, role: AssignedRole) =>
  unwrap(client('').PATCH('/routes/users/{id}', { params: { path: { id } }, body: { role } }))

export const removeUser = (id: string) =>
  done(client('').DELETE('/routes/users/{id}', { params: { path: { id } } }))
