import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  type DeadLetter,
  deadLetterKeys,
  deadLettersQuery,
  discardDeadLetter,
  resendDeadLetter,
} from '../../api/deadletters.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import links from '../../ui/links.module.css'
import { Panel } from '../../ui/Panel.tsx'
import { State } from '../../ui/State.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded, More } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './DeadLetters.module.css'

/** What failed for good and nobody has dealt with. */
export function DeadLetters({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const query = useInfiniteQuery(deadLettersQuery(slug))
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const letters = pages.flatMap((page) => page.letters)
        return letters.length === 0 ? (
          <State icon="check" title={t('deadLetters.none')}>
            {t('deadLetters.noneMore')}
          </State>
        ) : (
          <>
            <ul className={form.stack} aria-label={t('settings.deadLetters')}>
              {letters.map((letter) => (
                <li key={letter.kind + letter.id}>
                  <Letter slug={slug} letter={letter} />
                </li>
              ))}
            </ul>
            <More query={query} />
          </>
        )
      }}
    </Loaded>
  )
}

function Letter({ slug, letter }: { slug: string; letter: DeadLetter }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const refresh = () => queries.invalidateQueries({ queryKey: deadLetterKeys.all(slug) })
  const resend = () => resendDeadLetter(slug, letter).then(refresh)
  const resending = useMutation({ mutationFn: resend })
  const discarding = useMutation({ mutationFn: () => discardDeadLetter(slug, letter).then(refresh) })
  const error = resending.error ?? discarding.error
  const act = letter.kind === 'turn' ? t('deadLetters.answer') : t('deadLetters.resend')
  return (
    <Panel>
      <div className={classes.head}>
        <Tag tone={letter.unknown ? 'warn' : 'bad'} icon="alert">
          {letter.unknown ? t('deadLetters.unknown') : t(`deadLetters.kind.${letter.kind}`)}
        </Tag>
        <Link
          to="/$slug/inbox/$conversation"
          params={{ slug, conversation: letter.conversation }}
          search={{}}
          className={links.row}
        >
          <bdi>{letter.contact || t('deadLetters.conversation')}</bdi>
        </Link>
        <span className={classes.when}>
          <When at={letter.failedAt} />
        </span>
      </div>
      <blockquote className={classes.text} dir="auto">
        {letter.text}
      </blockquote>
      <p className={classes.reason} dir="auto">
        {letter.reason}
      </p>
      {error && <ProblemLine error={error} />}
      <div className={form.actions}>
        <Button
          busy={resending.isPending}
          onClick={() => (letter.unknown ? setAsking(true) : resending.mutate())}
        >
          {act}
        </Button>
        <Button look="plain" busy={discarding.isPending} onClick={() => discarding.mutate()}>
          {t('deadLetters.discard')}
        </Button>
      </div>
      {asking && (
        <Confirm title={t('deadLetters.twiceTitle')} act={act} run={resend} onClose={() => setAsking(false)}>
          {t('deadLetters.twice')}
        </Confirm>
      )}
    </Panel>
  )
}
