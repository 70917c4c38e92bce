import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query'
import { type Look, lookQuery } from '../../api/branding.ts'
import { refreshHouse } from '../../api/config.ts'

/** A change of the look: what comes of it is shown here, and worn by the whole page at once. */
export function useLook<T>(
  slug: string,
  run: (input: T) => Promise<Look>,
): UseMutationResult<Look, Error, T> {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: run,
    onSuccess: async (look) => {
      queries.setQueryData(lookQuery(slug).queryKey, look)
      await refreshHouse()
    },
  })
}
