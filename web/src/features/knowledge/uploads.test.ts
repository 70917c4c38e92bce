import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { News, Sent } from '../../api/knowledge.ts'
import { Problem } from '../../api/problem.ts'
import type { Refusal } from './refusal.ts'
import { Uploads, type Wanted } from './uploads.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const wanted = (name: string): Wanted => ({
  file: new File(['x'], name, { lastModified: 0 }),
  name,
  title: undefined,
})
const accepted = (item: string, change: Partial<Sent> = {}): Sent => ({
  ...{ item, version: 1, status: 'processing', unchanged: false },
  ...change,
})
const news = (item: string, change: Partial<News> = {}): News => ({
  ...{ item, version: 1, status: 'processing', part: 0, problem: '' },
  ...change,
})
const refused = (status: number, retryAfter?: number) =>
  new Problem({ status, code: 'no', message: `answer ${status}`, retryAfter })

type Call = {
  name: string
  signal: AbortSignal
  progress: (part: number) => void
  done: (sent: Sent) => Promise<void>
  fail: (error: Error) => Promise<void>
}

function setup(refusal: (file: File) => Refusal | undefined = () => undefined) {
  const calls: Call[] = []
  const onIdle = vi.fn()
  const settled = async () => void (await vi.advanceTimersByTimeAsync(0))
  const uploads = new Uploads({
    send: (one, progress, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')))
        calls.push({
          ...{ name: one.name, signal, progress },
          done: async (sent) => {
            resolve(sent)
            await settled()
          },
          fail: async (error) => {
            reject(error)
            await settled()
          },
        })
      }),
    refusal,
    onIdle,
  })
  const call = (index: number): Call => {
    const found = calls[index]
    if (!found) throw new Error(`nothing was sent for the ${index + 1}. time`)
    return found
  }
  const states = () => uploads.get().list.map(({ name, state }) => `${name} ${state}`)
  const sent = () => calls.map(({ name }) => name)
  const id = (name: string) => uploads.get().list.find((one) => one.name === name)?.id ?? ''
  return { uploads, call, states, sent, id, onIdle, settled }
}

describe('Uploads', () => {
  it('sends three at a time and the next when one has arrived', async () => {
    const { uploads, call, sent, states } = setup()
    uploads.add(['a', 'b', 'c', 'd'].map(wanted))
    expect(sent()).toEqual(['a', 'b', 'c'])
    await call(0).done(accepted('1'))
    expect(sent()).toEqual(['a', 'b', 'c', 'd'])
    expect(states()).toEqual(['a reading', 'b uploading', 'c uploading', 'd uploading'])
  })

  it('shows how far a file is', () => {
    const { uploads, call } = setup()
    uploads.add([wanted('a')])
    call(0).progress(0.5)
    expect(uploads.get().list[0]).toMatchObject({ state: 'uploading', part: 0.5 })
  })

  it('says when nothing is on its way any more', async () => {
    const { uploads, call, onIdle } = setup()
    uploads.add(['a', 'b'].map(wanted))
    await call(0).done(accepted('1'))
    expect(onIdle).not.toHaveBeenCalled()
    await call(1).done(accepted('2'))
    expect(onIdle).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['is ready at once', accepted('1', { status: 'embedded' }), 'a ready'],
    ['is there already', accepted('1', { status: 'embedded', unchanged: true }), 'a unchanged'],
  ])('tells a file that %s', async (_, answer, state) => {
    const { uploads, call, states } = setup()
    uploads.add([wanted('a')])
    await call(0).done(answer)
    expect(states()).toEqual([state])
  })

  it('follows the reading by the news of the entry, and of no other version', async () => {
    const { uploads, call, states } = setup()
    uploads.add([wanted('a')])
    await call(0).done(accepted('1', { version: 2 }))
    uploads.heard(news('1', { version: 1, status: 'embedded' }))
    uploads.heard(news('9', { version: 2, status: 'embedded' }))
    expect(states()).toEqual(['a reading'])
    uploads.heard(news('1', { version: 2, part: 0.25 }))
    expect(uploads.get().list[0]).toMatchObject({ state: 'reading', part: 0.25 })
    uploads.heard(news('1', { version: 2, status: 'embedded' }))
    expect(states()).toEqual(['a ready'])
  })

  it('believes news that come before the answer which names the entry', async () => {
    const { uploads, call, states } = setup()
    uploads.add([wanted('a')])
    uploads.heard(news('1', { status: 'embedded' }))
    await call(0).done(accepted('1'))
    expect(states()).toEqual(['a ready'])
  })

  it('keeps what could not be read with its reason, and sends it again when asked', async () => {
    const { uploads, call, id, states } = setup()
    uploads.add([wanted('a')])
    await call(0).done(accepted('1'))
    uploads.heard(news('1', { status: 'failed', problem: 'It has a password.' }))
    expect(uploads.get().list[0]).toMatchObject({
      state: 'failed',
      problem: { sentence: 'It has a password.' },
    })
    uploads.retry(id('a'))
    expect(states()).toEqual(['a uploading'])
    await call(1).done(accepted('1', { version: 2 }))
    uploads.heard(news('1', { version: 2, status: 'embedded' }))
    expect(states()).toEqual(['a ready'])
  })

  it('takes an entry that was deleted out of the list', async () => {
    const { uploads, call, states } = setup()
    uploads.add([wanted('a')])
    await call(0).done(accepted('1'))
    uploads.heard(news('1', { version: Number.POSITIVE_INFINITY, status: 'deleted' }))
    expect(states()).toEqual([])
  })

  it('makes up for missed news: who is no longer unfinished is ready', async () => {
    const { uploads, call, states } = setup()
    uploads.add(['a', 'b', 'c'].map(wanted))
    for (const index of [0, 1, 2]) await call(index).done(accepted(String(index)))
    uploads.add([wanted('d')])
    const asked = uploads.reading()
    await call(3).done(accepted('3'))
    const unfinished = [news('1', { part: 0.5 }), news('2', { status: 'failed', problem: 'Broken.' })]
    uploads.settle(asked, new Map(unfinished.map((one) => [one.item, one])))
    expect(states()).toEqual(['a ready', 'b reading', 'c failed', 'd reading'])
  })

  it('does not send what the server would refuse, until it is asked again', () => {
    let refusal: Refusal | undefined = 'type'
    const { uploads, sent, states } = setup((file) => (file.name === 'b.exe' ? refusal : undefined))
    uploads.add(['a', 'b.exe'].map(wanted))
    expect(sent()).toEqual(['a'])
    expect(states()).toEqual(['a uploading', 'b.exe failed'])
    expect(uploads.get().list[1]?.problem).toBe('type')
    uploads.retryFailed()
    expect(states()).toEqual(['a uploading', 'b.exe failed'])
    refusal = undefined
    uploads.retryFailed()
    expect(states()).toEqual(['a uploading', 'b.exe uploading'])
  })

  it('keeps what the server refused with its sentence and goes on with the others', async () => {
    const { uploads, call, states } = setup()
    uploads.add(['a', 'b'].map(wanted))
    await call(0).fail(refused(422))
    expect(uploads.get().list[0]?.problem).toEqual({ sentence: 'answer 422' })
    await call(1).done(accepted('1'))
    expect(states()).toEqual(['a failed', 'b reading'])
  })

  it('takes no file twice that is still on its way, but one that is over', async () => {
    const { uploads, call, states } = setup()
    uploads.add([wanted('a')])
    uploads.add([wanted('a')])
    expect(states()).toEqual(['a uploading'])
    await call(0).done(accepted('1', { status: 'embedded' }))
    uploads.add([wanted('a')])
    expect(states()).toEqual(['a ready', 'a uploading'])
  })
})

describe('a pause', () => {
  it('stops what is under way, and goes on with it', async () => {
    const { uploads, call, states, sent, settled } = setup()
    uploads.add(['a', 'b', 'c', 'd'].map(wanted))
    await call(0).done(accepted('1'))
    uploads.pause()
    await settled()
    expect(states()).toEqual(['a reading', 'b waiting', 'c waiting', 'd waiting'])
    expect(call(1).signal.aborted).toBe(true)
    expect(sent()).toHaveLength(4)
    uploads.resume()
    expect(sent().slice(4)).toEqual(['b', 'c', 'd'])
  })

  it('may end before the browser has let go of what was stopped', async () => {
    const { uploads, call, states, settled } = setup()
    uploads.add([wanted('a')])
    uploads.pause()
    uploads.resume()
    await settled()
    expect(states()).toEqual(['a uploading'])
    await call(1).done(accepted('1'))
    expect(states()).toEqual(['a reading'])
  })

  it('holds new files too', () => {
    const { uploads, sent } = setup()
    uploads.add([wanted('a')])
    uploads.pause()
    uploads.add([wanted('b')])
    expect(sent()).toEqual(['a'])
  })
})

describe('a server that asks for patience', () => {
  it('is left alone for as long as it says, and then tried with one file', async () => {
    const { uploads, call, sent, states } = setup()
    uploads.add(['a', 'b', 'c', 'd'].map(wanted))
    await call(0).fail(refused(429, 7))
    expect(uploads.get().held).toBe(true)
    expect(states()[0]).toBe('a waiting')
    await call(1).fail(refused(429, 3))
    await call(2).done(accepted('3'))
    await vi.advanceTimersByTimeAsync(6_999)
    expect(sent()).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(1)
    expect(uploads.get().held).toBe(false)
    expect(sent().slice(3)).toEqual(['a', 'b', 'd'])
  })

  it('gets one file at a time while it does not answer, and waits grow', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const { uploads, call, sent } = setup()
    uploads.add(['a', 'b', 'c'].map(wanted))
    for (const index of [0, 1, 2]) await call(index).fail(refused(0))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(sent().slice(3)).toEqual(['a'])
    await call(3).fail(refused(0))
    await vi.advanceTimersByTimeAsync(1_999)
    expect(sent()).toHaveLength(4)
    await vi.advanceTimersByTimeAsync(1)
    expect(sent().slice(4)).toEqual(['a'])
    await call(4).done(accepted('1'))
    expect(sent().slice(5)).toEqual(['b', 'c'])
  })

  it('is tried at once when the line is back', async () => {
    const { uploads, call, sent } = setup()
    uploads.add([wanted('a')])
    await call(0).fail(refused(0))
    uploads.goOn()
    expect(sent()).toEqual(['a', 'a'])
  })

  it('fails a file in the end on which it breaks every time', async () => {
    const { uploads, call, states, sent } = setup()
    uploads.add([wanted('a')])
    for (let index = 0; index < 8; index++) {
      await call(index).fail(refused(502))
      await vi.advanceTimersByTimeAsync(60_000)
    }
    expect(states()).toEqual(['a failed'])
    expect(sent()).toHaveLength(8)
  })

  it('is not blamed for a file that can no longer be read', async () => {
    const { uploads, call } = setup()
    const gone = wanted('a')
    vi.spyOn(gone.file, 'slice').mockReturnValue({
      arrayBuffer: () => Promise.reject(new DOMException('changed', 'NotReadableError')),
    } as Blob)
    uploads.add([gone])
    await call(0).fail(refused(0))
    expect(uploads.get()).toMatchObject({ held: false, list: [{ state: 'failed', problem: 'lost' }] })
  })
})

describe('what is given up', () => {
  it('is stopped, and leaves the list with what waits; what arrived stays', async () => {
    const { uploads, call, states } = setup()
    uploads.add(['a', 'b', 'c', 'd', 'e'].map(wanted))
    await call(0).done(accepted('1', { status: 'embedded' }))
    uploads.pause()
    uploads.cancelRest()
    expect(states()).toEqual(['a ready'])
    expect(uploads.get().paused).toBe(false)
    expect(call(1).signal.aborted).toBe(true)
    expect(uploads.pending()).toBe(false)
  })

  it('makes room for the next when it is one file', async () => {
    const { uploads, id, sent, settled } = setup()
    uploads.add(['a', 'b', 'c', 'd'].map(wanted))
    uploads.remove(id('b'))
    await settled()
    expect(sent()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('is what is over when the list is cleared', async () => {
    const { uploads, call, states } = setup((file) => (file.name === 'x' ? 'empty' : undefined))
    uploads.add(['a', 'b', 'x'].map(wanted))
    await call(0).done(accepted('1', { status: 'embedded' }))
    await call(1).done(accepted('2'))
    uploads.clear()
    expect(states()).toEqual(['b reading'])
  })
})

it('takes a thousand files through', async () => {
  const { uploads, call, states } = setup()
  uploads.add(Array.from({ length: 1000 }, (_, index) => wanted(`${index}.md`)))
  for (let index = 0; index < 1000; index++) {
    await call(index).done(accepted(String(index)))
    uploads.heard(news(String(index), { status: 'embedded' }))
  }
  expect(new Set(states().map((state) => state.split(' ')[1]))).toEqual(new Set(['ready']))
})
