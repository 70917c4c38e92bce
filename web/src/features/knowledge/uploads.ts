import type { News, Sent } from '../../api/knowledge.ts'
import { asProblem } from '../../api/problem.ts'
import { randomId } from '../../lib/id.ts'
import { backoff } from '../../lib/sse.ts'
import type { Refusal } from './refusal.ts'

export const uploadStates = ['waiting', 'uploading', 'reading', 'ready', 'unchanged', 'failed'] as const
export type UploadState = (typeof uploadStates)[number]

/** A file that somebody wants to be knowledge. */
export type Wanted = {
  file: File
  /** Its name, for a file of a folder with the path to it. */
  name: string
  /** What its entry shall be called, where that is not the file's name. */
  title: string | undefined
}

export type Upload = {
  id: string
  name: string
  state: UploadState
  /** How much has gone out, or has been read; 0 to 1. */
  part: number
  /** Why it failed: a word of ours, or the server's sentence. */
  problem: Refusal | { sentence: string } | undefined
  /** The entry that it became. */
  item: string | undefined
  version: number
}

export type Queue = {
  list: readonly Upload[]
  paused: boolean
  /** The server or the line asks for patience; the queue goes on by itself. */
  held: boolean
}

type Deps = {
  send: (wanted: Wanted, onProgress: (part: number) => void, signal: AbortSignal) => Promise<Sent>
  /** What the server would refuse anyhow is not sent. */
  refusal: (file: File) => Refusal | undefined
  /** Nothing is on its way out any more. */
  onIdle: () => void
}

// More at once would only share the same line, and hold the server's conversations up.
const atOnce = 3
// A file on which a server in good health fails every time is the file's trouble. With the growing waits between them,
// so many tries outlast a restart.
const maxTries = 8

/**
 * Files on their way to be knowledge, a few at a time: out of the browser, and then through the server's reading, of which
 * its events tell. Sending a file twice is harmless: the server does no work for content that it has.
 */
export class Uploads {
  #queue: Queue = { list: [], paused: false, held: false }
  readonly #deps: Deps
  readonly #wanted = new Map<string, Wanted>()
  readonly #stops = new Map<string, AbortController>()
  readonly #tries = new Map<string, number>()
  /** What was heard of entries while files were under way: news of one may be quicker than the answer that names it. */
  readonly #early = new Map<string, News>()
  readonly #listeners = new Set<() => void>()
  #troubles = 0
  #heldUntil = 0
  #hold: ReturnType<typeof setTimeout> | undefined

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get = (): Queue => this.#queue

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Files that the browser still holds: closing it would lose them. */
  pending(): boolean {
    return this.#queue.list.some(isPending)
  }

  /** The entries that are being read, as far as it is known. */
  reading(): readonly string[] {
    return this.#queue.list.flatMap((one) => (one.state === 'reading' && one.item ? [one.item] : []))
  }

  add(files: readonly Wanted[]): void {
    const under = new Set(
      this.#queue.list.flatMap((one) => {
        const wanted = isOver(one) ? undefined : this.#wanted.get(one.id)
        return wanted ? [signOf(wanted)] : []
      }),
    )
    const added = files.filter((one) => !under.has(signOf(one)))
    this.#list([
      ...this.#queue.list,
      ...added.map((wanted): Upload => {
        const id = randomId()
        this.#wanted.set(id, wanted)
        return {
          ...{ id, name: wanted.name, part: 0, item: undefined, version: 0 },
          ...this.#judged(wanted),
        }
      }),
    ])
    this.#next()
  }

  pause(): void {
    this.#set({ paused: true })
    for (const [id, stop] of this.#stops) {
      stop.abort()
      this.#change(id, { state: 'waiting', part: 0 })
    }
  }

  resume(): void {
    this.#set({ paused: false })
    this.#next()
  }

  /** Waits no longer for the server: there is reason to think that it answers again. */
  goOn = (): void => {
    clearTimeout(this.#hold)
    this.#heldUntil = 0
    this.#set({ held: false })
    this.#next()
  }

  retry(id: string): void {
    this.#again((one) => one.id === id)
  }

  retryFailed(): void {
    this.#again((one) => one.state === 'failed')
  }

  /** Gives up what has not gone out yet. */
  cancelRest(): void {
    this.#drop(isPending)
    this.#set({ paused: false })
  }

  /** Takes what is over out of the list. */
  clear(): void {
    this.#drop(isOver)
  }

  remove(id: string): void {
    this.#drop((one) => one.id === id)
    this.#next()
  }

  /** Forgets everything, for somebody else sits down here. */
  end(): void {
    this.#drop(() => true)
    clearTimeout(this.#hold)
    this.#set({ paused: false, held: false })
  }

  /** Takes what the server tells of an entry. */
  heard(news: News): void {
    const one = this.#queue.list.find((each) => each.item === news.item)
    if (one) this.#follow(one, news)
    else if (this.#stops.size > 0) this.#early.set(news.item, news)
  }

  /** Makes up for news that were missed: of the entries that were being read, those that are neither read nor failed now. */
  settle(asked: readonly string[], unfinished: ReadonlyMap<string, News>): void {
    for (const item of asked) {
      const one = this.#queue.list.find((each) => each.item === item)
      if (!one) continue
      const { version } = one
      this.#follow(one, unfinished.get(item) ?? { item, version, status: 'embedded', part: 1, problem: '' })
    }
  }

  #follow(one: Upload, news: News): void {
    if (one.state !== 'reading' || news.version < one.version) return
    const { status, part, problem } = news
    if (status === 'processing') this.#change(one.id, { part })
    else if (status === 'embedded') this.#finish(one.id, 'ready')
    else if (status === 'failed') this.#change(one.id, { state: 'failed', problem: { sentence: problem } })
    else this.#drop(({ id }) => id === one.id)
  }

  #next(): void {
    const { list, paused, held } = this.#queue
    if (paused || held) return
    // After trouble one file goes first, to see.
    let free = (this.#troubles > 0 ? 1 : atOnce) - list.filter((one) => one.state === 'uploading').length
    for (const one of list) {
      if (free <= 0) break
      if (one.state !== 'waiting') continue
      free--
      void this.#run(one.id)
    }
  }

  async #run(id: string): Promise<void> {
    const wanted = this.#wanted.get(id)
    if (!wanted) return
    const stop = new AbortController()
    this.#stops.set(id, stop)
    this.#change(id, { state: 'uploading', part: 0 })
    const progress = (part: number) => {
      if (!stop.signal.aborted) this.#change(id, { part })
    }
    try {
      const sent = await this.#deps.send(wanted, progress, stop.signal)
      this.#troubles = 0
      if (!stop.signal.aborted) this.#arrived(id, sent)
    } catch (error) {
      if (!stop.signal.aborted) await this.#failed(id, wanted.file, error)
    } finally {
      if (this.#stops.get(id) === stop) this.#stops.delete(id)
      if (this.#stops.size === 0) this.#early.clear()
      if (!this.pending()) this.#deps.onIdle()
      this.#next()
    }
  }

  #arrived(id: string, { item, version, status, unchanged }: Sent): void {
    this.#change(id, { item, version, part: 0, state: 'reading' })
    if (status === 'embedded') this.#finish(id, unchanged ? 'unchanged' : 'ready')
    const news = this.#early.get(item)
    const one = this.#queue.list.find((each) => each.id === id)
    if (news && one) this.#follow(one, news)
  }

  async #failed(id: string, file: File, error: unknown): Promise<void> {
    const problem = asProblem(error)
    const fail = (why: Upload['problem']) => this.#change(id, { state: 'failed', problem: why })
    if (!problem.passing) {
      this.#troubles = 0 // it answers
      return fail({ sentence: problem.message })
    }
    // A file that was changed or deleted meanwhile looks to the browser like a line that broke.
    if (problem.status === 0 && !(await isReadable(file))) return fail('lost')
    const tries = (this.#tries.get(id) ?? 0) + 1
    if (problem.status >= 500 && tries >= maxTries) return fail({ sentence: problem.message })
    this.#tries.set(id, tries)
    this.#change(id, { state: 'waiting', part: 0 })
    this.#wait(problem.retryAfter)
  }

  #wait(seconds: number | undefined): void {
    const ms = seconds === undefined ? backoff(this.#troubles, Math.random()) : seconds * 1000
    if (!this.#queue.held) this.#troubles++
    if (Date.now() + ms <= this.#heldUntil) return
    this.#heldUntil = Date.now() + ms
    clearTimeout(this.#hold)
    this.#hold = setTimeout(this.goOn, ms)
    this.#set({ held: true })
  }

  #again(which: (one: Upload) => boolean): void {
    this.#list(
      this.#queue.list.map((one) => {
        const wanted = one.state === 'failed' && which(one) ? this.#wanted.get(one.id) : undefined
        return wanted ? { ...one, part: 0, ...this.#judged(wanted) } : one
      }),
    )
    this.#next()
  }

  #judged({ file }: Wanted): Pick<Upload, 'state' | 'problem'> {
    const problem = this.#deps.refusal(file)
    return { state: problem ? 'failed' : 'waiting', problem }
  }

  #finish(id: string, state: 'ready' | 'unchanged'): void {
    this.#wanted.delete(id)
    this.#change(id, { state, part: 1 })
  }

  #drop(which: (one: Upload) => boolean): void {
    for (const { id } of this.#queue.list.filter(which)) {
      this.#stops.get(id)?.abort()
      this.#wanted.delete(id)
      this.#tries.delete(id)
    }
    this.#list(this.#queue.list.filter((one) => !which(one)))
  }

  #change(id: string, change: Partial<Upload>): void {
    const list = [...this.#queue.list]
    const index = list.findIndex((one) => one.id === id)
    const one = list[index]
    if (!one) return
    list[index] = { ...one, ...change }
    this.#list(list)
  }

  #list(list: readonly Upload[]): void {
    this.#set({ list })
  }

  #set(change: Partial<Queue>): void {
    this.#queue = { ...this.#queue, ...change }
    for (const listener of this.#listeners) listener()
  }
}

const isPending = (one: Upload): boolean => one.state === 'waiting' || one.state === 'uploading'
const isOver = (one: Upload): boolean => !isPending(one) && one.state !== 'reading'

const signOf = ({ name, file }: Wanted): string => `${file.size} ${file.lastModified} ${name}`

const isReadable = (file: File): Promise<boolean> =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    )
