import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { usersQuery } from '../api/users.ts'
import { Users } from '../features/admin/Users.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { Notice } from '../ui/Notice.tsx'
import { Page } from '../ui/Page.tsx'

export function UsersPage() {
  const { t } = useTranslation()
  const users = useQuery(usersQuery())
  return (
    <Page title={t('users.title')} lead={t('users.lead')}>
      <Loaded query={users}>
        {(data) => (
          <>
            {data.warnings.map((warning) => (
              <Notice key={warning} tone="warn">
                <bdi>{warning}</bdi>
              </Notice>
            ))}
            <Users users={data.users} />
          </>
        )}
      </Loaded>
    </Page>
  )
}
