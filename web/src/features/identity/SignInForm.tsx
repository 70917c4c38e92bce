import { PasswordInput, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { session } from '../../api/client.ts'
import { asProblem, type Problem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './SignInForm.module.css'

/** E-mail and password, for the built-in identity provider. */
export function SignInForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    setProblem(undefined)
    try {
      await session.signIn(String(form.get('email')).trim(), String(form.get('password')))
      onDone()
    } catch (error) {
      setProblem(asProblem(error))
      setBusy(false)
    }
  }

  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={t('signIn.email')}
        name="email"
        type="email"
        autoComplete="username"
        inputMode="email"
        required
        withAsterisk={false}
        dir="ltr"
      />
      <PasswordInput
        label={t('signIn.password')}
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        dir="ltr"
      />
      {problem &&
        (problem.status === 401 ? <Refusal text={t('signIn.wrong')} /> : <ProblemLine error={problem} />)}
      <Button look="primary" submit wide busy={busy}>
        {t('signIn.submit')}
      </Button>
    </form>
  )
}

function Refusal({ text }: { text: string }) {
  return (
    <p role="alert" className={classes.refusal}>
      {text}
    </p>
  )
}
