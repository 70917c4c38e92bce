import type { TFunction } from 'i18next'

/** Where an item came from, as a word. */
export function sourceName(t: TFunction, source: string): string {
  switch (source) {
    case 'file':
    case 'url':
    case 'paste':
    case 'hitl':
      return t(`source.${source}`)
    default:
      return source
  }
}
