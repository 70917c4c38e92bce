import type { TFunction } from 'i18next'
import type { Place } from '../../api/conversations.ts'

/** Where an item came from, as a word. */
export function sourceName(t: TFunction, source: string): string {
  switch (source) {
    case 'file':
    case 'url':
    case 'paste':
    case 'hitl':
    case 'memory':
      return t(`source.${source}`)
    default:
      return source
  }
}

/** Where in its document a passage begins: "Page 3", "Sheet Prices", "Slide 4". */
export function placeName(t: TFunction, place: Place): string {
  return t(`brain.place.${place.kind}`, { number: place.number, name: place.name || place.number })
}
