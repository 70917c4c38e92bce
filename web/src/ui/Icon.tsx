import classes from './Icon.module.css'

// Drawn on a grid of 24 with a stroke of 1.75, as one path each. `flip` mirrors what points somewhere.
const drawings = {
  alert: 'M12 8v5m0 3.5v.01M10.3 4.2 2.9 17a2 2 0 0 0 1.7 3h14.8a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0Z',
  back: 'M19 12H5m6-6-6 6 6 6',
  brain:
    'M4 6.5C4 5.1 7.6 4 12 4s8 1.1 8 2.5S16.4 9 12 9 4 7.9 4 6.5Zm0 0v11C4 18.9 7.6 20 12 20s8-1.1 8-2.5v-11M4 12c0 1.4 3.6 2.5 8 2.5s8-1.1 8-2.5',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  checks: 'm2.5 12.5 4.5 4.5 9-9.5M12 16l1 1 8.500-9.500',
  chevron: 'm9 6 6 6-6 6',
  clock: 'M12 7v5l3 2m6-2a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z',
  close: 'M6 6l12 12M18 6 6 18',
  code: 'm8 8-4 4 4 4m8-8 4 4-4 4M13.500 5l-3 14',
  file: 'M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8l-5-5Zm0 0v5h5M9 13h6m-6 4h4',
  globe:
    'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM3 12h18M12 3c2.500 2.500 3.700 5.500 3.700 9S14.500 18.500 12 21c-2.500-2.500-3.700-5.500-3.700-9S9.500 5.500 12 3Z',
  inbox: 'M3 13h5l1.500 3h5L16 13h5M5.500 5h13L21 13v5a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-5L5.500 5Z',
  lightbulb:
    'M9 18h6m-5 3h4M8.500 15.500A6.500 6.500 0 1 1 15.500 15.500c-.6.5-.9 1.200-1 2.500h-5c-.1-1.300-.4-2-1-2.500Z',
  link: 'M10 14a4 4 0 0 0 5.700 0l3-3A4 4 0 0 0 13 5.300l-1 1m2 3.700a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1Z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500Z',
  phone: 'M8 2.500h8a2 2 0 0 1 2 2v15a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2v-15a2 2 0 0 1 2-2ZM11 18.500h2',
  plus: 'M12 5v14M5 12h14',
  refresh:
    'M20 11a8 8 0 0 0-14.500-3.500L3.500 9.500M4 13a8 8 0 0 0 14.500 3.500l2-2M3.500 4.500v5h5M20.500 19.500v-5h-5',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.500 4.500',
  send: 'M4 12 3.500 4.500 21 12 3.500 19.500 4 12Zm0 0h7',
  signOut: 'M14 5V4a1 1 0 0 0-1-1H6a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h7a1 1 0 0 0 1-1v-1M10 12h11m-4-4 4 4-4 4',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-14v2m0 16v2M2 12h2m16 0h2M5 5l1.400 1.400M17.600 17.600 19 19M5 19l1.400-1.400M17.600 6.400 19 5',
  system: 'M4 5h16a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm5 15h6m-3-4v4',
  text: 'M5 6h14M5 10.500h14M5 15h9M5 19.500h6',
  trash:
    'M4 7h16M10 11v6m4-6v6M6 7l1 12a2 2 0 0 0 2 2h6a2 2 0 0 0 2-2l1-12M9 7V4.500a1 1 0 0 1 1-1h4a1 1 0 0 1 1 1V7',
  unknown: 'M9.500 9.500A2.500 2.500 0 1 1 12 12v1.500m0 3v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z',
  upload: 'M12 16V4m-5 5 5-5 5 5M4 16v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 9c.5-4 3.500-6 8-6s7.500 2 8 6',
  wifiOff:
    'm3 3 18 18M8.500 16.400a5 5 0 0 1 7 0M5 12.900a10 10 0 0 1 5-2.700m4 0a10 10 0 0 1 5 2.700M2 9.300a15 15 0 0 1 4.500-2.900m4-1A15 15 0 0 1 22 9.300M12 20h.01',
} as const

export type IconName = keyof typeof drawings
const mirrored: ReadonlySet<IconName> = new Set(['back', 'chevron', 'send', 'signOut', 'text'])

/** A drawing beside words, or within a labelled control: it says nothing to a screen reader itself. */
export function Icon({ name, size = 20 }: { name: IconName; size?: 14 | 16 | 20 | 24 | 32 }) {
  return (
    <svg
      aria-hidden="true"
      className={classes.icon}
      data-mirrored={mirrored.has(name) || undefined}
      width={size}
      height={size}
      viewBox="0 0 24 24"
    >
      <path d={drawings[name]} />
    </svg>
  )
}
