import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

// A component of Mantine's whose style sheet is not there shows its parts as the browser would: a tick as large as the page.
it('every component of Mantine that is used brings its styles', () => {
  const styles = readFileSync('src/ui/styles.css', 'utf8')
  const lacking = new Set<string>()
  for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(file)) continue
    for (const [, names = ''] of readFileSync(`src/${file}`, 'utf8').matchAll(
      /import \{([^}]*)\} from '@mantine\/core'/g,
    )) {
      for (const name of names.split(',').map((part) => part.trim().split(' ')[0] ?? '')) {
        if (
          existsSync(`node_modules/@mantine/core/styles/${name}.css`) &&
          !styles.includes(`/styles/${name}.css`)
        ) {
          lacking.add(`${name} in ${file}`)
        }
      }
    }
  }
  expect([...lacking]).toEqual([])
})
