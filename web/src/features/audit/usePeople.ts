import { useInfiniteQuery } from '@tanstack/react-query'
import { session } from '../../api/client.ts'
import { membersQuery } from '../../api/members.ts'

/** The addresses of the people that a log may name: the team's, and one's own. */
export function usePeople(slug: string): ReadonlyMap<string, string> {
  const { data } = useInfiniteQuery({ ...membersQuery(slug), enabled: slug !== '' })
  const people = new Map<string, string>()
  for (const member of data?.pages.flatMap((page) => page.rows) ?? [])
    if (member.userId) people.set(member.userId, member.email)
  if (session.state.status === 'signed-in') people.set(session.state.user.id, session.state.user.email)
  return people
}
