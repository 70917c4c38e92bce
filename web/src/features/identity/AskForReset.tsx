import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { requestReset } from '../../api/account.ts'
import { preferredLanguage } from '../../lib/language.ts'
import { Button } from '../../ui/Button.tsx'
import { EmailField } from '../../ui/EmailField.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'

/** The answer is the same whether there is such an account or not. */
export function AskForReset() {
  const { t, i18n } = useTranslation()
  const [email, setEmail] = useState('')
  const asking = useMutation({
    mutationFn: () => requestReset(email.trim(), preferredLanguage(i18n.language, [])),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    asking.mutate()
  }
  if (asking.isSuccess)
    return (
      <Notice tone="ok" live>
        {t('reset.asked', { email })}
      </Notice>
    )
  return (
    <form className={form.form} onSubmit={submit}>
      <p>{t('reset.more')}</p>
      <EmailField
        label={t('signIn.email')}
        autoComplete="username"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      {asking.error && <ProblemLine error={asking.error} />}
      <Button look="primary" submit wide busy={asking.isPending}>
        {t('reset.ask')}
      </Button>
    </form>
  )
}
