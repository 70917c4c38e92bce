import type { MediaKind } from '../../api/media.ts'

const mega = 1024 * 1024

/** What the picker offers: what WhatsApp carries. */
export const accepted =
  'image/jpeg,image/png,image/webp,video/mp4,video/3gpp,audio/*,application/pdf,text/plain,text/csv,.doc,.docx,.xls,.xlsx,.ppt,.pptx'

/** More than WhatsApp carries of anything. */
export const tooLarge = (file: File) => file.size > 100 * mega

/** What a file is sent as where the server's own choice would be refused: what is too large to be shown goes as a document. */
export function kindFor(file: File): MediaKind | undefined {
  if (file.type === 'image/webp') return 'document' // else it would be a sticker
  if (file.type.startsWith('image/') && file.size > 5 * mega) return 'document'
  if (/^(video|audio)\//.test(file.type) && file.size > 16 * mega) return 'document'
  return undefined
}

/** Whether words go under a file of this kind; else they are a message of their own. */
export const takesCaption = (kind: MediaKind) => kind === 'image' || kind === 'video' || kind === 'document'

/** The longest text under a file. */
export const captionLimit = 1024
