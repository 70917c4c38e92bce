import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { follow } from '../../api/events.ts'
import {
  look,
  openPhone,
  type PhoneMessage,
  phoneMessageOf,
  simulatorKeys,
  threadQuery,
} from '../../api/simulator.ts'
import { withMessage } from './thread.ts'

// How long "is typing" stays without a word, as on a real phone.
const typingFor = 25_000

type WireEvent = { message?: Parameters<typeof phoneMessageOf>[0] }

/** What one customer's phone shows, live. While it is on the screen and on, its owner reads what comes. */
export function usePhone(slug: string, business: string, address: string, reads: boolean) {
  const queries = useQueryClient()
  const thread = useQuery(threadQuery(slug, business, address))
  const [typing, setTyping] = useState(false)

  useEffect(() => {
    const stop = new AbortController()
    const key = simulatorKeys.thread(slug, business, address)
    let timer: ReturnType<typeof setTimeout> | undefined
    const show = (on: boolean) => {
      clearTimeout(timer)
      setTyping(on)
      if (on) timer = setTimeout(() => setTyping(false), typingFor)
    }
    void follow(
      {
        open: openPhone(address, business),
        onState: () => {},
        onEvent: (event) => {
          // After "ready" nothing is missed; what came before it is read anew.
          if (event.type === 'ready') void queries.invalidateQueries({ queryKey: key })
          if (event.type === 'profile')
            void queries.invalidateQueries({ queryKey: simulatorKeys.phones(slug, business) })
          if (event.type === 'typing') show(true)
          if (event.type !== 'message' && event.type !== 'state') return
          const wire = (JSON.parse(event.data) as WireEvent).message
          if (!wire) return
          const message = phoneMessageOf(wire)
          if (event.type === 'message' && !message.mine) show(false)
          queries.setQueryData<readonly PhoneMessage[]>(key, (now) => withMessage(now ?? [], message))
        },
      },
      stop.signal,
    )
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [slug, business, address, queries])

  const unread = reads && (thread.data?.some((one) => !one.mine && one.state === 'delivered') ?? false)
  useEffect(() => {
    if (unread) void look(address, business).catch(() => undefined) // the next message tries again
  }, [unread, address, business])

  return { thread, typing }
}
