import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { resetPassword } from '../../api/account.ts'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { NewPassword } from './NewPassword.tsx'

export function ResetPassword({ token }: { token: string }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const resetting = useMutation({ mutationFn: () => resetPassword(token, password) })
  const errors = fieldErrors(resetting.error && asProblem(resetting.error), ['password'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    resetting.mutate()
  }
  if (resetting.isSuccess)
    return (
      <Notice tone="ok" live>
        {t('reset.done')}
      </Notice>
    )
  return (
    <form className={form.form} onSubmit={submit}>
      <NewPassword value={password} onChange={setPassword} error={errors.of('password')} />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <Button look="primary" submit wide busy={resetting.isPending} disabled={password === ''}>
        {t('reset.submit')}
      </Button>
    </form>
  )
}
