import { useQuery } from '@tanstack/react-query'
import { changeTextQuery, type Release } from '../../api/releases.ts'
import { Diff } from '../knowledge/Diff.tsx'
import { Loaded } from '../shell/Loaded.tsx'

/** What a change adds to the text that customers are answered from without it, and what it takes away. */
export function ChangeTexts({ slug, release, change }: { slug: string; release: Release; change: string }) {
  const found = useQuery(changeTextQuery(slug, release, change))
  return (
    <Loaded query={found}>
      {({ held, serving }) =>
        release.state === 'promoted' ? (
          <Diff before={held} after={serving} />
        ) : (
          <Diff before={serving} after={held} />
        )
      }
    </Loaded>
  )
}
