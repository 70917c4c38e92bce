import { TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { confirmFactor, type FactorSetup, startFactor } from '../../api/account.ts'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyField } from '../../ui/CopyField.tsx'
import form from '../../ui/form.module.css'
import { QrCode } from '../../ui/QrCode.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { useCopyWords } from '../shell/words.ts'
import { BothFactors } from './BothFactors.tsx'

/** Setting an authenticator up: the password first, then the code to scan, then a code to prove that it works. */
export function Enrol({ onDone }: { onDone: (codes: readonly string[]) => void }) {
  const { t } = useTranslation()
  const [setup, setSetup] = useState<FactorSetup>()
  if (setup) return <Scan setup={setup} onDone={onDone} />
  return (
    <BothFactors
      act={t('form.next')}
      withCode={false}
      run={async (password) => setSetup(await startFactor(password))}
    />
  )
}

function Scan({ setup, onDone }: { setup: FactorSetup; onDone: (codes: readonly string[]) => void }) {
  const { t } = useTranslation()
  const words = useCopyWords()
  const [code, setCode] = useState('')
  const confirming = useMutation({ mutationFn: () => confirmFactor(code.trim()), onSuccess: onDone })
  const problem = confirming.error ? asProblem(confirming.error) : undefined
  const wrong = problem?.code === 'otp_wrong'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirming.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <p>{t('totp.scan')}</p>
      <QrCode text={setup.uri} label={t('totp.qr')} />
      <CopyField label={t('totp.secret')} value={setup.secret} words={words} />
      <TextInput
        label={t('signIn.code')}
        description={t('totp.codeMore')}
        autoComplete="one-time-code"
        inputMode="numeric"
        required
        withAsterisk={false}
        maxLength={10}
        dir="ltr"
        error={wrong && t('totp.wrong')}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      {problem && !wrong && <ProblemLine error={problem} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={confirming.isPending} disabled={code.trim() === ''}>
          {t('totp.confirm')}
        </Button>
      </div>
    </form>
  )
}
