import { useTranslation } from 'react-i18next'

/** The words of a field that is made for copying. */
export function useCopyWords() {
  const { t } = useTranslation()
  return { copy: t('form.copy'), copied: t('form.copied'), byHand: t('form.copyByHand') }
}
