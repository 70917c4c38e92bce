import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { session } from '../../api/client.ts'
import { useConfig } from '../../api/config.ts'
import { fieldErrors } from '../../api/fields.ts'
import { acceptInvitation, type Invitation } from '../../api/invitation.ts'
import { meQuery } from '../../api/me.ts'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { NewPassword } from './NewPassword.tsx'
import { SignInForms } from './SignInForms.tsx'

type Props = { token: string; invitation: Invitation }

const useSession = () => useSyncExternalStore(session.subscribe, () => session.state)

/** Joining a team: with a new account, or as who is signed in. */
export function AcceptInvitation({ token, invitation }: Props) {
  const { t } = useTranslation()
  const state = useSession()
  const { providers } = useConfig()
  const hasPassword = providers.includes('local')
  return (
    <div className={form.stack}>
      <p>
        {t('invite.as', {
          tenant: invitation.tenant,
          role: t(`role.${invitation.role}`),
          email: invitation.email,
        })}
      </p>
      {state.status === 'signed-in' ? (
        <AsMyself token={token} email={state.user.email} />
      ) : hasPassword && !invitation.hasAccount ? (
        <AsNew token={token} />
      ) : (
        <>
          <p>{hasPassword ? t('invite.hasAccount') : t('invite.signInFirst', { email: invitation.email })}</p>
          {/* Once signed in, the state changes and the other half is shown. */}
          <SignInForms next={`/invite/${token}`} onDone={() => undefined} />
        </>
      )}
    </div>
  )
}

function useAccept(token: string) {
  const queries = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: (password?: string) => acceptInvitation(token, password),
    onSuccess: async (slug) => {
      await queries.fetchQuery({ ...meQuery(), staleTime: 0 })
      await navigate({ to: '/$slug/inbox', params: { slug }, search: {}, replace: true })
    },
  })
}

function AsMyself({ token, email }: { token: string; email: string }) {
  const { t } = useTranslation()
  const accepting = useAccept(token)
  // A link that is good, but not for this person, is answered like one that is none.
  const wrong = accepting.error && asProblem(accepting.error).code === 'invitation_invalid'
  return (
    <div className={form.stack}>
      <p>{t('nav.signedInAs', { email })}</p>
      {wrong && <Notice tone="bad">{t('invite.notYours', { email })}</Notice>}
      {accepting.error && !wrong && <ProblemLine error={accepting.error} />}
      <div className={form.actions}>
        <Button look="primary" busy={accepting.isPending} onClick={() => accepting.mutate(undefined)}>
          {t('invite.accept')}
        </Button>
        <Button onClick={() => void session.signOut()}>{t('invite.other')}</Button>
      </div>
    </div>
  )
}

function AsNew({ token }: { token: string }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const accepting = useAccept(token)
  const problem = accepting.error ? asProblem(accepting.error) : undefined
  const errors = fieldErrors(problem, ['password'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    accepting.mutate(password)
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <NewPassword value={password} onChange={setPassword} error={errors.of('password')} />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <Button look="primary" submit wide busy={accepting.isPending} disabled={password === ''}>
        {t('invite.signUp')}
      </Button>
    </form>
  )
}
