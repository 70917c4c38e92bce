import { PasswordInput, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { local } from '../../api/client.ts'
import { asProblem, type Problem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import { EmailField } from '../../ui/EmailField.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './CredentialsForm.module.css'

type Props = {
  act: string
  /** Whose credentials they must be, where that is known already. */
  email?: string
  aside?: ReactNode
  onDone: () => void
}

/** E-mail, password and, where it is switched on, the one-time code: for the built-in identity provider. */
export function CredentialsForm({ act, email, aside, onDone }: Props) {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [asksCode, setAsksCode] = useState(false)

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const said = (name: string) => String(form.get(name) ?? '').trim()
    setBusy(true)
    setProblem(undefined)
    try {
      await local.signIn(email ?? said('email'), String(form.get('password')), said('otp') || undefined)
      onDone()
    } catch (error) {
      const failed = asProblem(error)
      if (failed.code === 'otp_required') setAsksCode(true)
      else setProblem(failed)
      setBusy(false)
    }
  }

  return (
    <form className={classes.form} onSubmit={submit}>
      {email === undefined ? (
        <EmailField label={t('signIn.email')} name="email" autoComplete="username" />
      ) : (
        <input type="hidden" name="email" autoComplete="username" value={email} />
      )}
      <PasswordInput
        label={t('signIn.password')}
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        dir="ltr"
      />
      {asksCode && (
        <TextInput
          label={t('signIn.code')}
          description={t('signIn.codeMore')}
          name="otp"
          autoComplete="one-time-code"
          autoFocus
          required
          withAsterisk={false}
          maxLength={32}
          dir="ltr"
        />
      )}
      {problem &&
        (problem.status === 401 ? (
          <p role="alert" className={classes.refusal}>
            {asksCode ? t('signIn.wrongCode') : t('signIn.wrong')}
          </p>
        ) : (
          <ProblemLine error={problem} />
        ))}
      <div className={classes.actions}>
        <Button look="primary" submit wide={!aside} busy={busy}>
          {act}
        </Button>
        {aside}
      </div>
    </form>
  )
}
