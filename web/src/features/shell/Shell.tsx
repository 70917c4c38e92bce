import { Link, type LinkProps, useLocation } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useConfig } from '../../api/config.ts'
import { Brand } from '../../ui/Brand.tsx'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { Sheet } from '../../ui/Sheet.tsx'
import { Person } from './Person.tsx'
import classes from './Shell.module.css'

/** An entry of the menu: where it leads, the address under which one is there, and what is to be seen there. */
export type Place = {
  path: string
  link: LinkProps
  icon: IconName
  text: string
  exact?: boolean
  mark?: ReactNode
}

type Props = {
  name: string
  email: string
  /** The tenant whose house it is, if it is one's. */
  slug?: string
  places: readonly Place[]
  /** What must be seen above every page: a lost connection, a visit that is going on. */
  banner?: ReactNode
  children: ReactNode
}

/** The frame around every page of one house: a rail on a wide screen, a bar and a hamburger on a phone. */
export function Shell({ name, email, slug, places, banner, children }: Props) {
  const { t } = useTranslation()
  const { branding } = useConfig()
  const [menu, setMenu] = useState<string>() // the page it was opened on: going elsewhere closes it
  const address = useLocation().pathname
  const here = places.find((one) => isAt(one, address))
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        {t('nav.skip')}
      </a>
      <header className={classes.bar}>
        <IconButton
          icon="menu"
          label={t('nav.menu')}
          aria-expanded={menu === address}
          onClick={() => setMenu(address)}
        />
        <span className={classes.here}>{here?.text ?? name}</span>
      </header>
      <aside className={classes.rail}>
        <div className={classes.menu}>
          <div className={classes.brand}>
            <Brand branding={branding} name={name} />
          </div>
          <Menu places={places} address={address} />
          <Person email={email} slug={slug} />
        </div>
      </aside>
      <Sheet
        open={menu === address}
        onClose={() => setMenu(undefined)}
        from="start"
        title={name}
        closeLabel={t('state.close')}
      >
        <div className={classes.menu}>
          <Menu places={places} address={address} />
          <Person email={email} slug={slug} />
        </div>
      </Sheet>
      <div className={classes.content}>
        {banner}
        <main id="content" className={classes.main} tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  )
}

const isAt = (place: Place, address: string): boolean =>
  address === place.path || (!place.exact && address.startsWith(`${place.path}/`))

function Menu({ places, address }: { places: readonly Place[]; address: string }) {
  const { t } = useTranslation()
  return (
    <nav aria-label={t('nav.label')}>
      <ul className={classes.pages}>
        {places.map((place) => (
          <li key={place.path}>
            <Link
              {...place.link}
              className={classes.page}
              activeOptions={{ exact: true }}
              {...(isAt(place, address) ? { 'aria-current': 'page' as const } : {})}
            >
              <Icon name={place.icon} />
              {place.text}
              {place.mark}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
