import { TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { correctMemory, eraseMemory, type Memory, memoryKeys, memoryQuery } from '../../api/memory.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Remembered.module.css'

/** What is remembered of somebody, to see, correct and erase. */
export function Remembered({ slug, contact }: { slug: string; contact: string }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const found = useQuery(memoryQuery(slug, contact))
  const [erasing, setErasing] = useState<Memory | 'all'>()
  const refresh = () => queries.invalidateQueries({ queryKey: memoryKeys.of(slug, contact) })
  return (
    <Panel title={t('memory.title')}>
      <Loaded query={found}>
        {(list) => (
          <div className={form.stack}>
            {list.length === 0 && <p className={classes.faint}>{t('memory.none')}</p>}
            <ul className={classes.list}>
              {list.map((one) => (
                <li key={one.id}>
                  <Row
                    slug={slug}
                    contact={contact}
                    memory={one}
                    onErase={() => setErasing(one)}
                    onDone={refresh}
                  />
                </li>
              ))}
            </ul>
            {list.length > 0 && (
              <Button danger onClick={() => setErasing('all')}>
                {t('memory.eraseAll')}
              </Button>
            )}
          </div>
        )}
      </Loaded>
      {erasing && (
        <Confirm
          title={erasing === 'all' ? t('memory.eraseAll') : t('memory.eraseTitle', { text: erasing.text })}
          act={t('memory.erase')}
          danger
          run={async () => {
            await eraseMemory(slug, contact, erasing === 'all' ? undefined : erasing.id)
            await refresh()
          }}
          onClose={() => setErasing(undefined)}
        >
          {t('memory.eraseMore')}
        </Confirm>
      )}
    </Panel>
  )
}

type RowProps = {
  slug: string
  contact: string
  memory: Memory
  onErase: () => void
  onDone: () => Promise<void>
}

function Row({ slug, contact, memory, onErase, onDone }: RowProps) {
  const { t } = useTranslation()
  const [text, setText] = useState<string>()
  const correcting = useMutation({
    mutationFn: (words: string) => correctMemory(slug, contact, memory.id, words),
    onSuccess: async () => {
      await onDone()
      setText(undefined)
    },
  })
  const words = text?.trim() ?? ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (words !== '') correcting.mutate(words)
  }
  if (text !== undefined)
    return (
      <form className={form.stack} onSubmit={submit}>
        <TextInput
          label={memory.subject}
          value={text}
          maxLength={200}
          dir="auto"
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {correcting.error && <ProblemLine error={correcting.error} />}
        <div className={classes.acts}>
          <Button submit look="primary" busy={correcting.isPending} disabled={words === ''}>
            {t('memory.save')}
          </Button>
          <Button onClick={() => setText(undefined)}>{t('memory.cancel')}</Button>
        </div>
      </form>
    )
  return (
    <div className={classes.row}>
      <span className={classes.said}>
        <small className={classes.faint}>
          <bdi>{memory.subject}</bdi>
        </small>
        <bdi>{memory.text}</bdi>
        <small className={classes.faint}>
          {t(`memory.from.${memory.source}`)} · <When at={memory.confirmedAt} />
        </small>
        {memory.sensitive && <Tag>{t('memory.sensitive')}</Tag>}
      </span>
      <span className={classes.acts}>
        <Button
          aria-label={t('memory.correctThis', { text: memory.text })}
          onClick={() => setText(memory.text)}
        >
          {t('memory.correct')}
        </Button>
        <Button danger aria-label={t('memory.eraseThis', { text: memory.text })} onClick={onErase}>
          {t('memory.erase')}
        </Button>
      </span>
    </div>
  )
}
