import { Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Sheet } from '../../ui/Sheet.tsx'
import { ProblemLine } from './ProblemState.tsx'
import { Reauthenticate } from './Reauthenticate.tsx'

type Props = {
  title: string
  children?: ReactNode
  /** The name of the act, for the button that does it. */
  act: string
  danger?: boolean
  /** Ask for a reason; it lands in the audit log. */
  reason?: boolean
  /** What must be typed, letter by letter, before the act is allowed. */
  typed?: string
  run: (reason: string) => Promise<unknown>
  onClose: () => void
  onDone?: () => void
}

/** Asks before something that is hard to undo; where the server wants to know again who is there, it asks that as well. */
export function Confirm({
  title,
  children,
  act,
  danger,
  reason: asksReason,
  typed,
  run,
  onClose,
  onDone,
}: Props) {
  const { t } = useTranslation()
  const [reason, setReason] = useState('')
  const [repeated, setRepeated] = useState('')
  const doing = useMutation({
    mutationFn: () => run(reason.trim()),
    onSuccess: () => {
      onDone?.()
      onClose()
    },
  })
  const ready = (!asksReason || reason.trim() !== '') && (typed === undefined || repeated.trim() === typed)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) doing.mutate()
  }
  const stale = doing.error && asProblem(doing.error).code === 'reauth_required'
  return (
    <Sheet open onClose={onClose} from="middle" title={title} closeLabel={t('state.close')}>
      {stale ? (
        <Reauthenticate onDone={() => doing.mutate()} onCancel={onClose} />
      ) : (
        <form className={form.form} onSubmit={submit}>
          {children && <div>{children}</div>}
          {asksReason && (
            <Textarea
              label={t('form.reason')}
              description={t('form.reasonMore')}
              dir="auto"
              required
              withAsterisk={false}
              rows={2}
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
          {typed !== undefined && (
            <TextInput
              label={t('form.typed', { typed })}
              dir="ltr"
              required
              withAsterisk={false}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              value={repeated}
              onChange={(event) => setRepeated(event.currentTarget.value)}
            />
          )}
          {doing.error && <ProblemLine error={doing.error} />}
          <div className={form.actions}>
            <Button look="primary" danger={danger ?? false} submit busy={doing.isPending} disabled={!ready}>
              {act}
            </Button>
            <Button onClick={onClose}>{t('state.cancel')}</Button>
          </div>
        </form>
      )}
    </Sheet>
  )
}
