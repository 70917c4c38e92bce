import type { Branding } from '../lib/branding.ts'
import classes from './Brand.module.css'

/** The logo and the name of whoever's house this is. */
export function Brand({ branding, name }: { branding: Branding; name?: string }) {
  return (
    <span className={classes.brand}>
      {branding.logoUrl ? (
        <img src={branding.logoUrl} alt="" className={classes.logo} width={28} height={28} />
      ) : (
        <svg className={classes.mark} viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
          <path d="M16 2a14 14 0 0 1 0 28c-2.300 0-4.500-.6-6.400-1.600L3 30l1.700-6.200A14 14 0 0 1 16 2Z" />
          <path
            className={classes.wave}
            d="M8.500 19c2.500 0 2.500-5.500 5-5.500s2.500 5.500 5 5.500 2.500-5.500 5-5.500"
          />
        </svg>
      )}
      <span className={classes.name}>{name ?? branding.name}</span>
    </span>
  )
}
