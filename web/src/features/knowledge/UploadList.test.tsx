// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, fireEvent, render, screen } from '@testing-library/react'
import type { ReactNode } from 'react'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Sent } from '../../api/knowledge.ts'
import { Problem } from '../../api/problem.ts'
import { UploadList } from './UploadList.tsx'
import { useUploads } from './useUploads.ts'

vi.mock('@tanstack/react-router', () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="#item">{children}</a>,
}))
const server = vi.hoisted(() => ({ answers: [] as ((answer: Promise<Sent>) => void)[] }))
vi.mock('../../api/knowledge.ts', async (original) => ({
  ...(await original<object>()),
  uploadFile: () => new Promise((resolve) => server.answers.push(resolve)),
}))

let tenant = 0
beforeEach(() => {
  server.answers = []
  tenant++
})

const accepted: Sent = { item: 'i', version: 1, status: 'embedded', unchanged: false }

/** The list of a tenant that has nothing yet, with so many files just chosen. */
function show(files: number) {
  const slug = `tenant-${tenant}`
  function Page() {
    const { uploads } = useUploads(slug)
    const add = () =>
      uploads.add(
        Array.from({ length: files }, (_, index) => ({
          ...{ file: new File(['x'], `${index}.md`), name: `${index}.md`, title: undefined },
        })),
      )
    return (
      <>
        <button type="button" onClick={add}>
          add
        </button>
        <UploadList slug={slug} />
      </>
    )
  }
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <Page />
      </QueryClientProvider>
    </MantineProvider>,
  )
  fireEvent.click(screen.getByText('add'))
}

const answer = (index: number, what: Promise<Sent> = Promise.resolve(accepted)) =>
  act(async () => server.answers[index]?.(what))

it('shows all of them, and says aloud only every tenth of the way and the end', async () => {
  show(20)
  const status = screen.getByRole('status')
  const said = new Set([status.textContent])
  for (let index = 0; index < 20; index++) {
    await answer(index)
    said.add(status.textContent)
  }
  expect(screen.getByText('20 of 20 uploaded')).toBeTruthy()
  expect(said.size).toBe(11)
  expect(status.textContent).toBe('Everything is uploaded. Failed: 0')
})

it('pauses and goes on', () => {
  show(4)
  fireEvent.click(screen.getByRole('button', { name: 'Pause' }))
  expect(screen.getByRole('button', { name: 'Waiting 4' })).toBeTruthy()
  fireEvent.click(screen.getByRole('button', { name: 'Go on' }))
  expect(screen.getByRole('button', { name: 'Uploading 3' })).toBeTruthy()
})

it('counts what failed apart, and tries it again', async () => {
  show(2)
  const refused = new Problem({ status: 422, code: 'no', message: 'It has a password.' })
  await answer(0, Promise.reject(refused))
  await answer(1)
  expect(screen.getByText('1 of 2 uploaded')).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Failed 1' })).toBeTruthy()
  fireEvent.click(screen.getByRole('button', { name: 'Retry failed' }))
  await answer(2)
  expect(screen.getByText('2 of 2 uploaded')).toBeTruthy()
  fireEvent.click(screen.getByRole('button', { name: 'Clear the list' }))
  expect(screen.queryByRole('region', { name: 'Uploads' })).toBeNull()
})
