import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Expected, expectedQuery, type Item, itemsQuery, type Passage } from '../../api/knowledge.ts'
import { Button } from '../../ui/Button.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { SearchField } from '../../ui/SearchField.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { stageName } from './stage.ts'
import { answerSentence, verdictSentences } from './verdict.ts'
import classes from './WhyNot.module.css'

type Props = { slug: string; question: string; expect: string | undefined; last: Passage | undefined }

/** An entry that should have been found, and what became of it in the same retrieval. */
export function WhyNot({ slug, question, expect, last }: Props) {
  const { t } = useTranslation()
  const navigate = useNavigate({ from: '/$slug/brain' })
  const choose = (item: string | undefined) =>
    void navigate({ search: ({ expect: _, ...old }) => ({ ...old, ...(item ? { expect: item } : {}) }) })
  return (
    <Panel title={t('brain.whyNot.title')}>
      {expect === undefined ? (
        <Picker slug={slug} onChoose={({ id }) => choose(id)} />
      ) : (
        <>
          <Outcome slug={slug} question={question} expect={expect} last={last} />
          <Button onClick={() => choose(undefined)}>{t('brain.whyNot.other')}</Button>
        </>
      )}
    </Panel>
  )
}

// Enough to choose from; who does not find it types more.
const most = 6

/** Choosing one entry of many by a part of its title. */
export function Picker({ slug, onChoose }: { slug: string; onChoose: (item: Item) => void }) {
  const { t } = useTranslation()
  const [search, setSearch] = useState('')
  const found = useInfiniteQuery({ ...itemsQuery(slug, search), enabled: search !== '' })
  const rows = search === '' ? [] : (found.data?.pages[0]?.rows ?? []).slice(0, most)
  return (
    <>
      <SearchField label={t('brain.whyNot.pick')} value={search} onChange={setSearch} />
      {found.isError && <ProblemLine error={found.error} />}
      {found.data && search !== '' && rows.length === 0 && (
        <p role="status">{t('brain.noMatch', { query: search })}</p>
      )}
      {rows.length > 0 && (
        <ul className={classes.choices} aria-label={t('brain.whyNot.pick')}>
          {rows.map((item) => (
            <li key={item.id}>
              <button type="button" className={classes.choice} onClick={() => onChoose(item)}>
                <bdi>{item.title}</bdi>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function Outcome({ slug, question, expect, last }: Props & { expect: string }) {
  const { t } = useTranslation()
  const found = useQuery(expectedQuery(slug, question, expect))
  if (found.isPending) return <Skeleton label={t('state.loading')} rows={2} />
  if (found.isError) return <ProblemLine error={found.error} />
  return <ExpectedItem slug={slug} expected={found.data} last={last} />
}

function ExpectedItem({
  slug,
  expected,
  last,
}: {
  slug: string
  expected: Expected
  last: Passage | undefined
}) {
  const { t, i18n } = useTranslation()
  return (
    <div role="status" className={classes.outcome}>
      <Link
        to="/$slug/brain"
        params={{ slug }}
        search={(old) => ({ ...old, item: expected.itemId })}
        className={classes.item}
      >
        <bdi>{expected.title}</bdi>
      </Link>
      {verdictSentences(t, expected).map((sentence) => (
        <p key={sentence} dir="auto">
          {sentence}
        </p>
      ))}
      <p>{answerSentence(t, expected, i18n.language)}</p>
      {expected.passage && (
        <>
          <p className={classes.passage} dir="auto">
            {expected.passage.text}
          </p>
          <Comparison its={expected.passage} last={expected.verdict === 'shown' ? undefined : last} />
        </>
      )}
    </div>
  )
}

/** Its scores, stage by stage, beside those of the last passage that was shown. */
function Comparison({ its, last }: { its: Passage; last: Passage | undefined }) {
  const { t, i18n } = useTranslation()
  const figure = new Intl.NumberFormat(i18n.language, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  const of = (passage: Passage, name: string) =>
    passage.stages.find((stage) => stage.name === name)?.score ?? 0
  const rows = [
    { name: 'fused', score: its.score, other: last?.score },
    ...its.stages.map(({ name, score }) => ({ name, score, other: last && of(last, name) })),
  ]
  return (
    <table className={classes.scores}>
      <caption>{t('brain.stages')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('brain.whyNot.stage')}</th>
          <th scope="col">{t('brain.whyNot.its')}</th>
          {last && <th scope="col">{t('brain.whyNot.last')}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, score, other }) => (
          <tr key={name}>
            <th scope="row">{stageName(t, name)}</th>
            <td>{figure.format(score)}</td>
            {last && <td>{figure.format(other ?? 0)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
