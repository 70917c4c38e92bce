// @vitest-environment jsdom
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { local } from '../../api/client.ts'
import { meQuery } from '../../api/me.ts'
import { Problem } from '../../api/problem.ts'
import { Confirm } from './Confirm.tsx'

function show(run: (reason: string) => Promise<unknown>, typed?: string) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } })
  queries.setQueryData(meQuery().queryKey, {
    email: 'ops@example.com',
    platform: 'super_admin',
    memberships: [],
    visit: undefined,
  })
  const onClose = vi.fn()
  render(
    <MantineProvider withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>
        <Confirm
          title="Erase acme?"
          act="Erase"
          reason
          {...(typed ? { typed } : {})}
          run={run}
          onClose={onClose}
        />
      </QueryClientProvider>
    </MantineProvider>,
  )
  return onClose
}

const act = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Erase' })

it('waits for the reason and for the slug, letter by letter', async () => {
  const run = vi.fn().mockResolvedValue(undefined)
  const onClose = show(run, 'acme')
  expect(act().disabled).toBe(true)
  await userEvent.type(screen.getByLabelText('Reason'), ' They left. ')
  await userEvent.type(screen.getByLabelText('Type acme to confirm'), 'acm')
  expect(act().disabled).toBe(true)
  await userEvent.type(screen.getByLabelText('Type acme to confirm'), 'e')
  await userEvent.click(act())
  expect(run).toHaveBeenCalledWith('They left.')
  expect(onClose).toHaveBeenCalledOnce()
})

it('asks who is there where the server wants to know, and then does what was asked', async () => {
  const stale = new Problem({ status: 403, code: 'reauth_required', message: 'Sign in again.' })
  const run = vi.fn().mockRejectedValueOnce(stale).mockResolvedValueOnce(undefined)
  const signIn = vi.spyOn(local, 'signIn').mockResolvedValue(undefined)
  const onClose = show(run)
  await userEvent.type(screen.getByLabelText('Reason'), 'They left.')
  await userEvent.click(act())
  await userEvent.type(await screen.findByLabelText('Password'), 'four unrelated words')
  await userEvent.click(screen.getByRole('button', { name: 'Confirm and go on' }))
  expect(signIn).toHaveBeenCalledWith('ops@example.com', 'four unrelated words', undefined)
  await vi.waitFor(() => expect(onClose).toHaveBeenCalledOnce())
  expect(run).toHaveBeenNthCalledWith(2, 'They left.')
})

it('stays open with what went wrong', async () => {
  const wrong = new Problem({ status: 409, code: 'wrong_status', message: 'It is suspended already.' })
  const onClose = show(vi.fn().mockRejectedValue(wrong))
  await userEvent.type(screen.getByLabelText('Reason'), 'They left.')
  await userEvent.click(act())
  expect((await screen.findByRole('alert')).textContent).toContain('It is suspended already.')
  expect(onClose).not.toHaveBeenCalled()
})
