import { NativeSelect, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from '../../api/fields.ts'
import { meQuery } from '../../api/me.ts'
import { asProblem } from '../../api/problem.ts'
import { startVisit, visitsKey } from '../../api/visits.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Sheet } from '../../ui/Sheet.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'

const lengths = [10, 30, 60] as const // minutes; the server allows an hour

/** The way of a super admin into somebody's house: with a reason that its people read, and an end. */
export function StartVisit({ tenant }: { tenant: string }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const [minutes, setMinutes] = useState(30)
  const starting = useMutation({
    mutationFn: () => startVisit(tenant, reason.trim(), minutes),
    onSuccess: async (visit) => {
      void queries.invalidateQueries({ queryKey: visitsKey })
      await queries.fetchQuery({ ...meQuery(), staleTime: 0 })
      await navigate({ to: '/$slug/inbox', params: { slug: visit.slug }, search: {} })
    },
  })
  const errors = fieldErrors(starting.error && asProblem(starting.error), ['reason', 'minutes'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    starting.mutate()
  }
  return (
    <>
      <Button icon="eye" onClick={() => setOpen(true)}>
        {t('visits.start')}
      </Button>
      <Sheet
        open={open}
        onClose={() => setOpen(false)}
        from="middle"
        title={t('visits.startIn', { tenant })}
        closeLabel={t('state.close')}
      >
        <form className={form.form} onSubmit={submit}>
          <p>{t('visits.startMore')}</p>
          <Textarea
            label={t('form.reason')}
            description={t('visits.reasonMore')}
            dir="auto"
            required
            withAsterisk={false}
            rows={2}
            minLength={10}
            maxLength={500}
            error={errors.of('reason')}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <NativeSelect
            label={t('visits.length')}
            error={errors.of('minutes')}
            value={minutes}
            onChange={(event) => setMinutes(Number(event.currentTarget.value))}
            data={lengths.map((one) => ({ value: String(one), label: t('visits.minutes', { count: one }) }))}
          />
          {errors.rest && <ProblemLine error={errors.rest} />}
          <div className={form.actions}>
            <Button look="primary" submit busy={starting.isPending}>
              {t('visits.start')}
            </Button>
            <Button onClick={() => setOpen(false)}>{t('state.cancel')}</Button>
          </div>
        </form>
      </Sheet>
    </>
  )
}
