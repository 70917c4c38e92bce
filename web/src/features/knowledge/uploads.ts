import { randomId } from '../../lib/id.ts'

export type Upload = {
  id: string
  name: string
  state: 'waiting' | 'uploading' | 'failed'
  /** How much has gone out, 0 to 1. */
  part: number
  error?: unknown
}

type Send = (file: File, onProgress: (part: number) => void, signal: AbortSignal) => Promise<void>

// More at once would only share the same line, and hold the server's conversations up.
const atOnce = 3

/** Files on their way up, a few at a time. What arrived leaves the list: the server's own list shows it from then on. */
export class Uploads {
  #list: readonly Upload[] = []
  readonly #files = new Map<string, File>()
  readonly #stops = new Map<string, AbortController>()
  readonly #listeners = new Set<() => void>()
  readonly #send: Send
  readonly #onArrived: () => void

  constructor(send: Send, onArrived: () => void) {
    this.#send = send
    this.#onArrived = onArrived
  }

  get = (): readonly Upload[] => this.#list

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  add(files: readonly File[]): void {
    const added = files.map((file): Upload => {
      const id = randomId()
      this.#files.set(id, file)
      return { id, name: file.name, state: 'waiting', part: 0 }
    })
    this.#set([...this.#list, ...added])
    this.#next()
  }

  retry(id: string): void {
    this.#change(id, { state: 'waiting', part: 0, error: undefined })
    this.#next()
  }

  remove(id: string): void {
    this.#stops.get(id)?.abort()
    this.#forget(id)
    this.#next()
  }

  #next(): void {
    const running = this.#list.filter((one) => one.state === 'uploading').length
    for (const one of this.#list
      .filter((each) => each.state === 'waiting')
      .slice(0, Math.max(0, atOnce - running)))
      void this.#run(one.id)
  }

  async #run(id: string): Promise<void> {
    const file = this.#files.get(id)
    if (!file) return
    const stop = new AbortController()
    this.#stops.set(id, stop)
    this.#change(id, { state: 'uploading', part: 0 })
    try {
      await this.#send(file, (part) => this.#change(id, { part }), stop.signal)
      this.#forget(id)
      this.#onArrived()
    } catch (error) {
      this.#change(id, { state: 'failed', error })
    } finally {
      this.#stops.delete(id)
      this.#next()
    }
  }

  #forget(id: string): void {
    this.#files.delete(id)
    this.#set(this.#list.filter((one) => one.id !== id))
  }

  #change(id: string, change: Partial<Upload>): void {
    this.#set(this.#list.map((one) => (one.id === id ? { ...one, ...change } : one)))
  }

  #set(list: readonly Upload[]): void {
    this.#list = list
    for (const listener of this.#listeners) listener()
  }
}
