import classes from './Avatar.module.css'

/** A person's initials on one of six grounds that the name picks, so that the same person looks the same everywhere. */
export function Avatar({ name, size = 'md' }: { name: string; size?: 'sm' | 'md' }) {
  let hash = 0
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return (
    <span className={classes.avatar} data-size={size} data-ground={hash % 6} aria-hidden="true">
      {initials(name)}
    </span>
  )
}

/** Up to two initials; of a phone number its last two digits. */
export function initials(name: string): string {
  if (/^[+\d\s()-]+$/.test(name)) return name.replace(/\D/g, '').slice(-2)
  const words = name.trim().split(/\s+/).filter(Boolean)
  const first = [...(words[0] ?? '')][0] ?? ''
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toLocaleUpperCase()
}
