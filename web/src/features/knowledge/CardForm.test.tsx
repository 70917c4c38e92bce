// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '../../api/problem.ts'
import { CardForm } from './CardForm.tsx'

const publish = vi.hoisted(() => vi.fn())
vi.mock('../../api/knowledge.ts', () => ({
  publishCard: publish,
  knowledgeKeys: { all: (slug: string) => [slug, 'knowledge'] },
}))
beforeEach(() => {
  publish.mockReset().mockResolvedValue(undefined)
})

function show(given: { item?: string; question?: string; answer?: string } = {}) {
  const done = vi.fn()
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={new QueryClient()}>
        <CardForm slug="acme" {...given} onDone={done} />
      </QueryClientProvider>
    </MantineProvider>,
  )
  return { done, user: userEvent.setup() }
}
const submit = () => screen.getByRole('button', { name: 'Publish' })

it('publishes a question with its answer, without the spaces around them', async () => {
  const { done, user } = show()
  expect(submit()).toHaveProperty('disabled', true)
  await user.type(screen.getByRole('textbox', { name: 'Question' }), ' Do you deliver? ')
  await user.type(screen.getByRole('textbox', { name: 'Answer' }), 'On Tuesdays. ')
  await user.click(submit())
  await waitFor(() => expect(done).toHaveBeenCalledOnce())
  const card = { question: 'Do you deliver?', answer: 'On Tuesdays.' }
  expect(publish).toHaveBeenCalledExactlyOnceWith('acme', card, expect.any(String))
})

it('edits the card that it was given', async () => {
  const { user } = show({ item: 'i1', question: 'Do you deliver?', answer: 'No' })
  await user.type(screen.getByRole('textbox', { name: 'Answer' }), 't yet.')
  await user.click(submit())
  const card = { item: 'i1', question: 'Do you deliver?', answer: 'Not yet.' }
  await waitFor(() => expect(publish).toHaveBeenCalledExactlyOnceWith('acme', card, expect.any(String)))
})

it('keeps what was written when it is refused, and says why', async () => {
  publish.mockRejectedValue(
    new Problem({ status: 409, code: 'title_taken', message: 'Another entry has this title already.' }),
  )
  const { done, user } = show({ question: 'Hours', answer: 'At nine.' })
  await user.click(submit())
  expect((await screen.findByRole('alert')).textContent).toContain('Another entry has this title already.')
  expect(screen.getByRole('textbox', { name: 'Answer' })).toHaveProperty('value', 'At nine.')
  expect(done).not.toHaveBeenCalled()
})
