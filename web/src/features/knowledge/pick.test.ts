import { expect, it } from 'vitest'
import { dropped, wantedOf } from './pick.ts'

const titles = (...paths: string[]) =>
  Object.fromEntries(
    wantedOf(paths.map((path) => ({ file: new File(['x'], path.split('/').at(-1) ?? ''), path }))).map(
      ({ name, title }) => [name, title],
    ),
  )

it('leaves the naming of single files to the server', () => {
  expect(titles('prices.pdf', 'hours.md')).toEqual({ 'prices.pdf': undefined, 'hours.md': undefined })
})

it('keeps files apart that differ in the ending alone', () => {
  expect(titles('prices.pdf', 'prices.xlsx', 'hours.md')).toEqual({
    'prices.pdf': 'prices.pdf',
    'prices.xlsx': 'prices.xlsx',
    'hours.md': undefined,
  })
})

it('calls files of a folder by their path, so that those of one name stay apart', () => {
  expect(titles('shop/2023/prices.pdf', 'shop/2024/prices.pdf')).toEqual({
    'shop/2023/prices.pdf': 'shop / 2023 / prices',
    'shop/2024/prices.pdf': 'shop / 2024 / prices',
  })
})

it('passes over what programs leave in folders, but not what was chosen by itself', () => {
  const litter = [
    'shop/.DS_Store',
    'shop/Thumbs.db',
    'shop/~$prices.docx',
    'shop/.git/config',
    'shop/__MACOSX/a.md',
  ]
  expect(Object.keys(titles('shop/a.md', ...litter, '.notes'))).toEqual(['shop/a.md', '.notes'])
})

it('keeps the end of a path that is too long for a title', () => {
  const title = titles(`${'folder/'.repeat(100)}prices.pdf`)[`${'folder/'.repeat(100)}prices.pdf`] ?? ''
  expect(title.length).toBeLessThanOrEqual(300)
  expect(title.endsWith('folder / prices')).toBe(true)
})

it('reads dropped folders to the bottom, however many parts the browser gives them in', async () => {
  const file = (path: string) => ({
    isFile: true,
    fullPath: `/${path}`,
    file: (give: (file: File) => void) => give(new File(['x'], path)),
  })
  const folder = (...parts: object[][]) => {
    const left = [...parts]
    return {
      isFile: false,
      createReader: () => ({ readEntries: (give: (part: object[]) => void) => give(left.shift() ?? []) }),
    }
  }
  const entries = [file('a.md'), folder([file('f/b.md'), folder([file('f/g/c.md')])], [file('f/d.md')])]
  const items = entries.map((entry) => ({ webkitGetAsEntry: () => entry }))
  const found = await dropped({ items, files: [] } as unknown as DataTransfer)
  expect(found.map(({ name }) => name)).toEqual(['a.md', 'f/b.md', 'f/g/c.md', 'f/d.md'])
})
