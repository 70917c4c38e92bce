import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { testChannel } from '../../api/channels.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { knownTestCode } from './words.ts'

/** Asks the provider whether it accepts what it is shown, and says what came of it. */
export function TestCredentials({ slug, id }: { slug: string; id: string }) {
  const { t } = useTranslation()
  const testing = useMutation({ mutationFn: () => testChannel(slug, id) })
  const outcome = testing.data
  const code = outcome && !outcome.ok ? knownTestCode(outcome.code) : undefined
  return (
    <div className={form.stack}>
      <div className={form.actions}>
        <Button icon="health" busy={testing.isPending} onClick={() => testing.mutate()}>
          {t('channels.test')}
        </Button>
      </div>
      {testing.error && <ProblemLine error={testing.error} />}
      {outcome &&
        (outcome.ok ? (
          <Notice live tone="ok">
            {t('channels.testOk')}
          </Notice>
        ) : (
          <Notice live tone="bad">
            {code && <strong>{t(`channels.testFailed.${code}`)} </strong>}
            {code !== 'credentials_missing' && <span dir="auto">{outcome.message}</span>}
          </Notice>
        ))}
    </div>
  )
}
