import type { Plugin } from 'vite'

const clerk = /\/node_modules\/@clerk\//
const mayNeedIt = /\/src\/features\/clerk\/|\/node_modules\/@clerk\//

/** Fails a build in which somebody who does not sign in with Clerk would fetch a byte of it. */
export function apart(): Plugin {
  return {
    name: 'flomastr-apart',
    apply: 'build',
    generateBundle(_, bundle) {
      const holdsClerk = (file: string, seen = new Set<string>()): boolean => {
        const chunk = bundle[file]
        if (chunk?.type !== 'chunk' || seen.has(file)) return false
        seen.add(file)
        return (
          chunk.moduleIds.some((id) => clerk.test(id)) || chunk.imports.some((one) => holdsClerk(one, seen))
        )
      }
      for (const [file, chunk] of Object.entries(bundle)) {
        if (chunk.type !== 'chunk' || !(chunk.isEntry || chunk.isDynamicEntry)) continue
        if (!mayNeedIt.test(chunk.facadeModuleId ?? '') && holdsClerk(file))
          this.error(`${chunk.facadeModuleId} brings Clerk along; only src/features/clerk may, and lazily`)
      }
    },
  }
}
