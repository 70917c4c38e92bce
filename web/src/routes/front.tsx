import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useConfig } from '../api/config.ts'
import { Preferences } from '../features/shell/Preferences.tsx'
import { Brand } from '../ui/Brand.tsx'
import classes from './front.module.css'

/** The frame of the pages before somebody is in: one card, in the look of the house. */
export function FrontPage({ title, children }: { title: string; children: ReactNode }) {
  const { branding } = useConfig()
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Link to="/" className={classes.brand}>
          <Brand branding={branding} />
        </Link>
        <h1 className={classes.title}>{title}</h1>
        {children}
      </div>
      <div className={classes.foot}>
        <Preferences />
      </div>
    </main>
  )
}
