import { useParams, useRouteContext } from '@tanstack/react-router'
import type { Role } from '../../api/me.ts'

/** The tenant on the screen, and what the person is there. */
export function useTenant(): { slug: string; role: Role } {
  const { slug } = useParams({ from: '/$slug' })
  const { role } = useRouteContext({ from: '/$slug' })
  return { slug, role }
}
