import { Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { conversationKeys } from '../../api/conversations.ts'
import { type Resolution, resolveTask, type Task, taskKeys } from '../../api/tasks.ts'
import { randomId } from '../../lib/id.ts'
import { Button } from '../../ui/Button.tsx'
import { ChatText } from '../../ui/ChatText.tsx'
import { Check } from '../../ui/Check.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Tasks.module.css'

type Props = { slug: string; task: Task; mayPublish: boolean }
type Way = 'look' | 'edit' | 'rework'

/** The decision: let the draft go as it is or in other words, send it back, or reject it. Each has a key of its own. */
export function Decide({ slug, task, mayPublish }: Props) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [way, setWay] = useState<Way>(task.draft === undefined && task.kind !== 'question' ? 'edit' : 'look')
  const [reply, setReply] = useState(task.draft ?? '')
  const [feedback, setFeedback] = useState('')
  const [publish, setPublish] = useState(false)
  const key = useRef(randomId())
  const decide = useMutation({
    mutationFn: (r: Resolution) => resolveTask(slug, task.id, r, key.current),
    // What it was refused for may be seen now: somebody was faster, or the customer wrote again.
    onSettled: () => {
      key.current = randomId()
      return Promise.all([
        queries.invalidateQueries({ queryKey: taskKeys.all(slug) }),
        queries.invalidateQueries({ queryKey: conversationKeys.all(slug) }),
      ])
    },
  })
  const words = reply.trim()
  const sends = way === 'edit' ? words : (task.draft ?? '')
  const mayApprove = task.kind === 'question' || sends !== ''
  const approve = () => {
    if (!mayApprove || decide.isPending) return
    const edited = way === 'edit' && words !== task.draft
    decide.mutate({
      action: 'approved',
      ...(edited ? { reply: words } : {}),
      ...(publish && sends !== '' ? { publish: true } : {}),
    })
  }
  const reworkable = task.kind !== 'hand_over'
  useKeys({
    a: approve,
    e: () => setWay('edit'),
    ...(reworkable ? { r: () => setWay('rework') } : {}),
    x: () => !decide.isPending && decide.mutate({ action: 'rejected' }),
  })
  const sendBack = (event: FormEvent) => {
    event.preventDefault()
    decide.mutate({ action: 'rework_requested', feedback: feedback.trim() })
  }
  if (way === 'rework')
    return (
      <form className={classes.decide} onSubmit={sendBack}>
        <Textarea
          label={t('tasks.feedback')}
          description={t('tasks.feedbackMore')}
          dir="auto"
          rows={3}
          maxLength={2000}
          autoFocus
          value={feedback}
          onChange={(event) => setFeedback(event.currentTarget.value)}
        />
        {decide.error && <ProblemLine error={decide.error} />}
        <div className={form.actions}>
          <Button look="primary" submit busy={decide.isPending} disabled={feedback.trim() === ''}>
            {t('tasks.sendBack')}
          </Button>
          <Button onClick={() => setWay('look')}>{t('state.cancel')}</Button>
        </div>
      </form>
    )
  return (
    <div className={classes.decide}>
      {way === 'edit' ? (
        <Textarea
          label={t('tasks.reply')}
          dir="auto"
          rows={6}
          maxLength={4096}
          value={reply}
          onChange={(event) => setReply(event.currentTarget.value)}
        />
      ) : (
        task.draft && (
          <section aria-label={t('tasks.draft')} className={classes.draft}>
            <p className={classes.label}>{t('tasks.draft')}</p>
            <ChatText text={task.draft} />
          </section>
        )
      )}
      {mayPublish && (task.draft !== undefined || way === 'edit') && (
        <Check
          label={t('tasks.publish')}
          more={t('tasks.publishMore')}
          checked={publish}
          onChange={setPublish}
        />
      )}
      {decide.error && <ProblemLine error={decide.error} />}
      <div className={classes.actions}>
        <Button
          look="primary"
          icon="check"
          aria-keyshortcuts="a"
          busy={decide.isPending}
          disabled={!mayApprove}
          onClick={approve}
        >
          {t(sends === '' ? 'tasks.done' : 'tasks.approve')}
        </Button>
        {way === 'look' && (
          <Button aria-keyshortcuts="e" onClick={() => setWay('edit')}>
            {t(task.draft ? 'tasks.edit' : 'tasks.write')}
          </Button>
        )}
        {reworkable && (
          <Button aria-keyshortcuts="r" onClick={() => setWay('rework')}>
            {t('tasks.rework')}
          </Button>
        )}
        <Button
          danger
          aria-keyshortcuts="x"
          disabled={decide.isPending}
          onClick={() => decide.mutate({ action: 'rejected' })}
        >
          {t('tasks.reject')}
        </Button>
      </div>
    </div>
  )
}

/** One key for each decision, for whoever is not typing. */
function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const now = useRef(keys)
  useEffect(() => {
    now.current = keys
  })
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      const at = event.target
      const typing =
        at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName))
      if (typing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat)
        return
      const act = now.current[event.key.toLowerCase()]
      if (!act) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', heard)
    return () => document.removeEventListener('keydown', heard)
  }, [])
}
