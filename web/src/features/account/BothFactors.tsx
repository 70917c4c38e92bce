import { PasswordInput, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'

type Props = {
  act: string
  danger?: boolean
  /** Without: the password alone, before there is a second factor. */
  withCode?: boolean
  run: (password: string, code: string) => Promise<unknown>
}

/** Asks for what only the person has: the password, and a code where one is set up. */
export function BothFactors({ act, danger, withCode = true, run }: Props) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const doing = useMutation({ mutationFn: () => run(password, code.trim()) })
  const problem = doing.error ? asProblem(doing.error) : undefined
  const wrong = (code: string) => problem?.code === code
  const submit = (event: FormEvent) => {
    event.preventDefault()
    doing.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <PasswordInput
        label={t('signIn.password')}
        autoComplete="current-password"
        required
        withAsterisk={false}
        dir="ltr"
        error={wrong('password_wrong') && t('account.wrongPassword')}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {withCode && (
        <TextInput
          label={t('signIn.code')}
          description={t('signIn.codeMore')}
          autoComplete="one-time-code"
          required
          withAsterisk={false}
          maxLength={32}
          dir="ltr"
          error={wrong('otp_wrong') && t('totp.wrong')}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
      )}
      {problem && !wrong('password_wrong') && !wrong('otp_wrong') && <ProblemLine error={problem} />}
      <div className={form.actions}>
        <Button look="primary" danger={danger ?? false} submit busy={doing.isPending}>
          {act}
        </Button>
      </div>
    </form>
  )
}
