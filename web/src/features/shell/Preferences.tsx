import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { speak } from '../../i18n/index.ts'
import { type Language, languageNames, languages } from '../../lib/language.ts'
import { chooseScheme, type SchemeChoice, useSchemeChoice } from '../../lib/scheme.ts'
import classes from './Preferences.module.css'

/** Language and light or dark: the person's own, kept in this browser. */
export function Preferences() {
  const { t, i18n } = useTranslation()
  const choice = useSchemeChoice()
  return (
    <div className={classes.preferences}>
      <NativeSelect
        aria-label={t('nav.language')}
        size="sm"
        value={i18n.language}
        onChange={(event) => void speak(event.currentTarget.value as Language)}
        data={languages.map((language) => ({ value: language, label: languageNames[language] }))}
      />
      <NativeSelect
        aria-label={t('nav.scheme')}
        size="sm"
        value={choice}
        onChange={(event) => chooseScheme(event.currentTarget.value as SchemeChoice)}
        data={[
          { value: 'auto', label: t('nav.schemeAuto') },
          { value: 'light', label: t('nav.schemeLight') },
          { value: 'dark', label: t('nav.schemeDark') },
        ]}
      />
    </div>
  )
}
