import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { invitationQuery } from '../api/invitation.ts'
import { asProblem } from '../api/problem.ts'
import { AcceptInvitation } from '../features/identity/AcceptInvitation.tsx'
import { Loaded } from '../features/shell/Loaded.tsx'
import { State } from '../ui/State.tsx'
import { FrontPage } from './front.tsx'

/** Where the link of an invitation leads. */
export function InvitePage() {
  const { t } = useTranslation()
  const { token } = useParams({ from: '/invite/$token' })
  const invitation = useQuery(invitationQuery(token))
  const gone = invitation.error && asProblem(invitation.error).code === 'invitation_invalid'
  return (
    <FrontPage title={gone ? t('invite.goneTitle') : t('invite.title')}>
      {gone ? (
        <State icon="mail" title={t('invite.gone')}>
          {t('invite.goneMore')}
        </State>
      ) : (
        <Loaded query={invitation} rows={2}>
          {(data) => <AcceptInvitation token={token} invitation={data} />}
        </Loaded>
      )}
    </FrontPage>
  )
}
