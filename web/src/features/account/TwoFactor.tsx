import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { factorQuery, newRecoveryCodes, removeFactor } from '../../api/account.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Sheet } from '../../ui/Sheet.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { BothFactors } from './BothFactors.tsx'
import { Enrol } from './Enrol.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'

type Open = 'enrol' | 'codes' | 'remove'

/** The second factor: switched on with an authenticator, with recovery codes for the day that it is lost. */
export function TwoFactor() {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const factor = useQuery(factorQuery())
  const [open, setOpen] = useState<Open>()
  const [codes, setCodes] = useState<readonly string[]>()
  const refresh = () => queries.invalidateQueries({ queryKey: factorQuery().queryKey })
  const close = () => {
    setOpen(undefined)
    setCodes(undefined)
    void refresh()
  }
  return (
    <Panel title={t('totp.title')} text={t('totp.more')}>
      <Loaded query={factor} rows={1}>
        {({ enabled, codesLeft }) =>
          enabled ? (
            <>
              <p>
                <Tag tone="ok" icon="check">
                  {t('totp.on')}
                </Tag>
              </p>
              {codesLeft < 3 && <Notice tone="warn">{t('totp.codesLeft', { count: codesLeft })}</Notice>}
              <div className={form.actions}>
                <Button onClick={() => setOpen('codes')}>{t('totp.newCodes')}</Button>
                <Button danger onClick={() => setOpen('remove')}>
                  {t('totp.remove')}
                </Button>
              </div>
            </>
          ) : (
            <div className={form.actions}>
              <Button look="primary" icon="shield" onClick={() => setOpen('enrol')}>
                {t('totp.start')}
              </Button>
            </div>
          )
        }
      </Loaded>
      <Sheet
        open={open !== undefined}
        onClose={close}
        from="middle"
        title={t('totp.title')}
        closeLabel={t('state.close')}
      >
        {codes ? (
          <RecoveryCodes codes={codes} onDone={close} />
        ) : open === 'enrol' ? (
          <Enrol onDone={setCodes} />
        ) : open === 'codes' ? (
          <BothFactors
            act={t('totp.newCodes')}
            run={async (password, code) => setCodes(await newRecoveryCodes(password, code))}
          />
        ) : (
          <BothFactors
            act={t('totp.remove')}
            danger
            run={async (password, code) => {
              await removeFactor(password, code)
              close()
            }}
          />
        )}
      </Sheet>
    </Panel>
  )
}
