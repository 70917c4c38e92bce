import { useClerk } from '@clerk/react'
import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { clerk as session } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'

/** Has Clerk ask the person to prove again who they are, and takes the token that says so. */
export function ClerkProof({ onDone, onCancel }: { onDone: () => void; onCancel: () => void }) {
  const { t } = useTranslation()
  const clerk = useClerk()
  const place = useRef<HTMLDivElement>(null)
  const proving = useMutation({
    mutationFn: async () => {
      // useReverification would open the same in the body, which lies behind the dialog that this stands in.
      const proved = await new Promise<boolean>((resolve) =>
        clerk.__internal_openReverification?.({
          level: 'first_factor',
          getContainer: () => place.current,
          afterVerification: () => resolve(true),
          afterVerificationCancelled: () => resolve(false),
        }),
      )
      if (proved) await session.proved()
      return proved
    },
    onSuccess: (proved) => {
      if (proved) onDone()
    },
  })
  return (
    <div ref={place} className={form.stack}>
      {proving.error && <ProblemLine error={proving.error} />}
      <div className={form.actions}>
        <Button look="primary" busy={proving.isPending} onClick={() => proving.mutate()}>
          {t('form.reauthSubmit')}
        </Button>
        <Button onClick={onCancel}>{t('state.cancel')}</Button>
      </div>
    </div>
  )
}
