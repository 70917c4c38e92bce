import { PasswordInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { local } from '../../api/client.ts'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { NewPassword } from '../identity/NewPassword.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'

/** Another password. Every other session of the person ends with the old one. */
export function PasswordForm({ email }: { email: string }) {
  const { t } = useTranslation()
  const [old, setOld] = useState('')
  const [next, setNext] = useState('')
  const changing = useMutation({
    mutationFn: () => local.changePassword(old, next),
    onSuccess: () => {
      setOld('')
      setNext('')
    },
  })
  const problem = changing.error ? asProblem(changing.error) : undefined
  const wrong = problem?.code === 'password_wrong'
  const errors = fieldErrors(problem, ['old', 'new'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    changing.mutate()
  }
  return (
    <Panel title={t('account.password')} text={t('account.passwordMore')}>
      <form className={form.form} onSubmit={submit}>
        <input type="hidden" autoComplete="username" value={email} />
        <PasswordInput
          label={t('account.oldPassword')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          dir="ltr"
          error={wrong ? t('account.wrongPassword') : errors.of('old')}
          value={old}
          onChange={(event) => setOld(event.currentTarget.value)}
        />
        <NewPassword value={next} onChange={setNext} error={errors.of('new')} />
        {errors.rest && !wrong && <ProblemLine error={errors.rest} />}
        <div className={form.actions}>
          <Button look="primary" submit busy={changing.isPending} disabled={old === '' || next === ''}>
            {t('account.changePassword')}
          </Button>
          <span role="status" className={form.said}>
            {changing.isSuccess && t('form.saved')}
          </span>
        </div>
      </form>
    </Panel>
  )
}
