import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { logoTypes, uploadLogo } from '../../api/branding.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Branding.module.css'
import { useLook } from './useLook.ts'

/** The logo, on light and on dark ground, and the way to another one. */
export function LogoUpload({
  slug,
  logoUrl,
  mayChange,
}: {
  slug: string
  logoUrl: string | undefined
  mayChange: boolean
}) {
  const { t } = useTranslation()
  const input = useRef<HTMLInputElement>(null)
  const uploading = useLook(slug, (file: File) => uploadLogo(slug, file))
  return (
    <Panel title={t('branding.logo')} text={mayChange ? t('branding.logoMore') : undefined}>
      <div className={classes.grounds}>
        {(['light', 'dark'] as const).map((ground) => (
          <div key={ground} className={classes.ground} data-ground={ground}>
            {logoUrl ? (
              <img src={logoUrl} alt={t(`branding.logoOn.${ground}`)} className={classes.logo} />
            ) : (
              <span>{t('branding.noLogo')}</span>
            )}
          </div>
        ))}
      </div>
      {uploading.error && <ProblemLine error={uploading.error} />}
      {mayChange && (
        <div className={form.actions}>
          <input
            ref={input}
            type="file"
            hidden
            accept={logoTypes}
            aria-label={t('branding.upload')}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0]
              if (file) uploading.mutate(file)
              event.currentTarget.value = '' // the same file may be chosen again, mended
            }}
          />
          <Button icon="upload" busy={uploading.isPending} onClick={() => input.current?.click()}>
            {t('branding.upload')}
          </Button>
          <span role="status" className={form.said}>
            {uploading.isSuccess && t('branding.uploaded')}
          </span>
        </div>
      )}
    </Panel>
  )
}
