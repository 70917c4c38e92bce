import { describe, expect, it, vi } from 'vitest'
import { Uploads } from './uploads.ts'

const file = (name: string) => new File(['x'], name)

function setup() {
  const waiting: { name: string; done: () => void; fail: (error: Error) => void; signal: AbortSignal }[] = []
  const arrived = vi.fn()
  const uploads = new Uploads(
    (one, onProgress, signal) =>
      new Promise((done, fail) => {
        onProgress(0.5)
        waiting.push({ name: one.name, done, fail, signal })
      }),
    arrived,
  )
  const settled = () => new Promise((resolve) => setTimeout(resolve))
  return { uploads, waiting, arrived, settled }
}

describe('Uploads', () => {
  it('sends three at a time and the next when one has arrived', async () => {
    const { uploads, waiting, arrived, settled } = setup()
    uploads.add(['a', 'b', 'c', 'd'].map(file))
    expect(waiting.map((one) => one.name)).toEqual(['a', 'b', 'c'])
    waiting[0]?.done()
    await settled()
    expect(waiting.map((one) => one.name)).toEqual(['a', 'b', 'c', 'd'])
    expect(uploads.get().map((one) => one.name)).toEqual(['b', 'c', 'd'])
    expect(arrived).toHaveBeenCalledTimes(1)
  })

  it('shows how far a file is', () => {
    const { uploads } = setup()
    uploads.add([file('a')])
    expect(uploads.get()[0]).toMatchObject({ state: 'uploading', part: 0.5 })
  })

  it('keeps what failed, with its reason, until it is tried again', async () => {
    const { uploads, waiting, settled } = setup()
    uploads.add([file('a')])
    waiting[0]?.fail(new Error('too large'))
    await settled()
    const failed = uploads.get()[0]
    expect(failed).toMatchObject({ state: 'failed', error: new Error('too large') })
    uploads.retry(failed?.id ?? '')
    expect(waiting).toHaveLength(2)
    expect(uploads.get()[0]?.state).toBe('uploading')
  })

  it('stops what is removed', async () => {
    const { uploads, waiting } = setup()
    uploads.add([file('a')])
    uploads.remove(uploads.get()[0]?.id ?? '')
    expect(waiting[0]?.signal.aborted).toBe(true)
    expect(uploads.get()).toEqual([])
  })
})
