import { useEffect, useRef, useState } from 'react'
import { type Media, uploadMedia } from '../../api/media.ts'
import { kindFor, tooLarge } from './attach.ts'

export type Attaching = {
  name: string
  size: number
  /** 0 to 1, while it is on its way. */
  part: number
  media: Media | undefined
  /** Larger than anything that WhatsApp carries. */
  tooLarge: boolean
  error: unknown
}

/** The file that goes with the next reply: uploaded as soon as it is chosen, so that sending it is quick. */
export function useAttachment(slug: string) {
  const [attaching, setAttaching] = useState<Attaching>()
  const stop = useRef<AbortController>(undefined)
  useEffect(() => () => stop.current?.abort(), [])

  const remove = () => {
    stop.current?.abort()
    stop.current = undefined
    setAttaching(undefined)
  }
  const take = async (file: File) => {
    remove()
    const mine = new AbortController()
    stop.current = mine
    const start = { name: file.name, size: file.size, part: 0, media: undefined, error: undefined }
    setAttaching({ ...start, tooLarge: tooLarge(file) })
    if (tooLarge(file)) return
    const change = (to: Partial<Attaching>) => {
      if (stop.current === mine) setAttaching((now) => now && { ...now, ...to })
    }
    try {
      const media = await uploadMedia(slug, file, kindFor(file), (part) => change({ part }), mine.signal)
      change({ media })
    } catch (error) {
      change({ error })
    }
  }
  return { attaching, take, remove }
}
