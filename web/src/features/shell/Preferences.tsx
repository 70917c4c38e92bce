import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { keepPreference } from '../../api/preferences.ts'
import { speak } from '../../i18n/index.ts'
import { type Language, languageNames, languages } from '../../lib/language.ts'
import { chooseScheme, useSchemeChoice } from '../../lib/scheme.ts'
import { Icon } from '../../ui/Icon.tsx'
import classes from './Preferences.module.css'

const schemes = [
  { choice: 'auto', icon: 'system', text: 'nav.schemeAuto' },
  { choice: 'light', icon: 'sun', text: 'nav.schemeLight' },
  { choice: 'dark', icon: 'moon', text: 'nav.schemeDark' },
] as const

type Props = {
  /** Where the choice is kept for the person's other browsers too. */
  slug?: string | undefined
}

/** Language and light or dark: the person's own. This browser keeps it, and the tenant's house where they are in one. */
export function Preferences({ slug }: Props) {
  const { t, i18n } = useTranslation()
  const chosen = useSchemeChoice()
  // It is chosen already, whatever becomes of it: a server that is away costs the next browser a click.
  const keep = (key: 'language' | 'scheme', value: string) =>
    slug && void keepPreference(slug, key, value).catch(() => undefined)
  return (
    <div className={classes.preferences}>
      <NativeSelect
        aria-label={t('nav.language')}
        value={i18n.language}
        onChange={(event) => {
          void speak(event.currentTarget.value as Language)
          keep('language', event.currentTarget.value)
        }}
        data={languages.map((language) => ({ value: language, label: languageNames[language] }))}
      />
      <fieldset className={classes.schemes} aria-label={t('nav.scheme')}>
        {schemes.map((one) => (
          <button
            key={one.choice}
            type="button"
            className={classes.scheme}
            aria-pressed={one.choice === chosen}
            aria-label={t(one.text)}
            title={t(one.text)}
            onClick={() => {
              chooseScheme(one.choice)
              keep('scheme', one.choice)
            }}
          >
            <Icon name={one.icon} size={16} />
          </button>
        ))}
      </fieldset>
    </div>
  )
}
