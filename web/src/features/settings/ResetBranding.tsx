import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { resetLook } from '../../api/branding.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { useLook } from './useLook.ts'

export function ResetBranding({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const [asking, setAsking] = useState(false)
  const resetting = useLook(slug, () => resetLook(slug))
  return (
    <Panel title={t('branding.reset')} text={t('branding.resetMore')}>
      <div className={form.actions}>
        <Button danger icon="refresh" onClick={() => setAsking(true)}>
          {t('branding.reset')}
        </Button>
      </div>
      {asking && (
        <Confirm
          title={t('branding.resetTitle')}
          act={t('branding.reset')}
          danger
          run={() => resetting.mutateAsync(undefined)}
          onClose={() => setAsking(false)}
        >
          {t('branding.resetMore')}
        </Confirm>
      )}
    </Panel>
  )
}
