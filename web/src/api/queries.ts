import { QueryClient } from '@tanstack/react-query'
import { session } from './client.ts'
import { asProblem } from './problem.ts'

/** The cache of what the server said. Every key of a tenant's data begins with its slug. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What a second try cannot change is shown at once.
      retry: (failures, error) => asProblem(error).passing && failures < 2,
      refetchOnWindowFocus: true,
    },
  },
})

// What one person was shown must not be there for the next.
session.subscribe(() => {
  if (session.state.status === 'signed-out') queries.clear()
})
