import { useQuery, useQueryClient } from '@tanstack/react-query'
import { conversationKeys, type Reply, reply } from '../../api/conversations.ts'
import { randomId } from '../../lib/id.ts'
import { again, arrived, compose, failed, type Outbox } from './outbox.ts'

const outboxKey = (slug: string, conversation: string) => [slug, 'outbox', conversation] as const
const empty: Outbox = []

/** The replies of a conversation that are on their way. They outlive a change of page, and are lost with the tab. */
export function useReplies(slug: string, conversation: string) {
  const queries = useQueryClient()
  const key = outboxKey(slug, conversation)
  const { data: pending = empty } = useQuery<Outbox>({
    queryKey: key,
    queryFn: () => queries.getQueryData<Outbox>(key) ?? empty,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    initialData: empty,
  })
  const change = (step: (outbox: Outbox) => Outbox) =>
    queries.setQueryData<Outbox>(key, (now) => step(now ?? empty))

  const post = async (id: string, said: Reply) => {
    try {
      await reply(slug, conversation, said, id)
      // The message itself must be on the screen before its shadow goes.
      await queries.invalidateQueries({ queryKey: conversationKeys.messages(slug, conversation) })
      change((outbox) => arrived(outbox, id))
      void queries.invalidateQueries({ queryKey: conversationKeys.all(slug) })
    } catch (error) {
      change((outbox) => failed(outbox, id, error))
    }
  }
  return {
    pending,
    send: (said: Reply) => {
      const id = randomId()
      change((outbox) => compose(outbox, id, said.text, new Date(), said.file))
      return post(id, said)
    },
    sendAgain: (id: string, said: Reply) => {
      change((outbox) => again(outbox, id))
      return post(id, said)
    },
    discard: (id: string) => change((outbox) => arrived(outbox, id)),
  }
}
