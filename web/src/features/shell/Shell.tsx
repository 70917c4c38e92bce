import { Link, useLocation, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { session } from '../../api/client.ts'
import { useConfig } from '../../api/config.ts'
import type { LineState } from '../../api/events.ts'
import { Brand } from '../../ui/Brand.tsx'
import { Button } from '../../ui/Button.tsx'
import { Icon, type IconName } from '../../ui/Icon.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { Sheet } from '../../ui/Sheet.tsx'
import { Connection } from './Connection.tsx'
import { Preferences } from './Preferences.tsx'
import classes from './Shell.module.css'

// The pages of a tenant, in the order of the menu. A page is listed once it works.
const pages = [
  { to: '/$slug/inbox', icon: 'inbox', text: 'nav.inbox' },
  { to: '/$slug/brain', icon: 'brain', text: 'nav.brain' },
  { to: '/$slug/simulator', icon: 'phone', text: 'nav.simulator' },
] as const satisfies readonly { to: string; icon: IconName; text: string }[]

type Props = { slug: string; name: string; email: string; line: LineState; children: ReactNode }

/** The frame around every page of a tenant: a rail on a wide screen, a bar and a hamburger on a phone. */
export function Shell({ slug, name, email, line, children }: Props) {
  const { t } = useTranslation()
  const [menu, setMenu] = useState<string>() // the page it was opened on: going elsewhere closes it
  const place = useLocation().pathname
  const here = pages.find((page) => place.startsWith(page.to.replace('$slug', slug)))
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        {t('nav.skip')}
      </a>
      <header className={classes.bar}>
        <IconButton
          icon="menu"
          label={t('nav.menu')}
          aria-expanded={menu === place}
          onClick={() => setMenu(place)}
        />
        <span className={classes.here}>{here ? t(here.text) : name}</span>
      </header>
      <aside className={classes.rail}>
        <Menu slug={slug} name={name} email={email} />
      </aside>
      <Sheet
        open={menu === place}
        onClose={() => setMenu(undefined)}
        from="start"
        title={name}
        closeLabel={t('state.close')}
      >
        <Menu slug={slug} email={email} />
      </Sheet>
      <div className={classes.content}>
        <Connection state={line} />
        <main id="content" className={classes.main} tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  )
}

function Menu({ slug, name, email }: { slug: string; name?: string; email: string }) {
  const { t } = useTranslation()
  const { branding } = useConfig()
  const navigate = useNavigate()
  const signOut = async () => {
    await session.signOut()
    await navigate({ to: '/sign-in', search: {} })
  }
  return (
    <div className={classes.menu}>
      {name && (
        <div className={classes.brand}>
          <Brand branding={branding} name={name} />
        </div>
      )}
      <nav aria-label={t('nav.label')}>
        <ul className={classes.pages}>
          {pages.map((page) => (
            <li key={page.to}>
              <Link
                to={page.to}
                params={{ slug }}
                search={{}}
                className={classes.page}
                activeOptions={{ includeSearch: false }}
              >
                <Icon name={page.icon} />
                {t(page.text)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className={classes.foot}>
        <Preferences />
        <p className={classes.who} title={t('nav.signedInAs', { email })}>
          {email}
        </p>
        <Button look="plain" icon="signOut" onClick={signOut}>
          {t('signIn.signOut')}
        </Button>
      </div>
    </div>
  )
}
