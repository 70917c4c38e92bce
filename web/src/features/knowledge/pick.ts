import type { Wanted } from './uploads.ts'

type Found = { file: File; path: string }

/** What was dropped: files, and those of folders with all that is in them. To be called while the drop is being handled. */
export async function dropped(transfer: DataTransfer): Promise<Wanted[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  if (entries.length === 0) return chosen(transfer.files)
  const found: Found[] = []
  for (const entry of entries) await walk(entry, found)
  return wantedOf(found)
}

/** What was chosen; files of a folder know their path. */
export function chosen(files: Iterable<File>): Wanted[] {
  return wantedOf([...files].map((file) => ({ file, path: file.webkitRelativePath || file.name })))
}

async function walk(entry: FileSystemEntry, found: Found[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    found.push({ file, path: entry.fullPath.replace(/^\//, '') })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    // A reader gives a part at a time, and nothing at the end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (part.length === 0) return
    for (const each of part) await walk(each, found)
  }
}

// What systems and programs leave in folders beside the files that people mean.
const litter = /(^|\/)(\.[^/]*|~\$[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(\/|$)/i

/**
 * Names what was found. An entry is known by its title, and the server calls a file by its name without the ending; where
 * that would make one entry of two files, each gets a title of its own: in a folder the path to it, beside one that
 * differs in the ending alone the whole name.
 */
export function wantedOf(found: readonly Found[]): Wanted[] {
  const files = found.filter(({ path }) => !path.includes('/') || !litter.test(path))
  const paths = new Map<string, number>()
  for (const { path } of files) paths.set(bare(path), (paths.get(bare(path)) ?? 0) + 1)
  return files.map(({ file, path }) => {
    const alone = paths.get(bare(path)) === 1
    const title = (alone ? bare(path) : path).replaceAll('/', ' / ')
    return { file, name: path, title: alone && !path.includes('/') ? undefined : clip(title) }
  })
}

const bare = (path: string): string => path.replace(/(?<=[^/])\.[^./]*$/, '')

const maxTitle = 300

/** The end of a long path tells more than its beginning. */
function clip(title: string): string {
  const characters = [...title]
  return characters.length > maxTitle ? characters.slice(-maxTitle).join('').trim() : title
}
