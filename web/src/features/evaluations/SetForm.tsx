import { Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  evaluationKeys,
  importSet,
  type Question,
  type QuestionFiles,
  type QuestionSet,
  saveSet,
  setQuery,
} from '../../api/evaluations.ts'
import { randomId } from '../../lib/id.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { csvOf, filesOf } from './files.ts'
import { TypedQuestions } from './TypedQuestions.tsx'

/** So many questions have a field each; more are a table. */
const mostTyped = 40

type Props = { slug: string; id: string | undefined; onSaved: (id: string) => void }

/** A new set, or other questions for one: typed, pasted or from files. */
export function SetForm({ slug, id, onSaved }: Props) {
  if (id === undefined) return <Form slug={slug} set={undefined} questions={[]} onSaved={onSaved} />
  return <Existing slug={slug} id={id} onSaved={onSaved} />
}

function Existing({ slug, id, onSaved }: Props & { id: string }) {
  const found = useQuery(setQuery(slug, id))
  return (
    <Loaded query={found}>
      {({ set, questions }) => <Form slug={slug} set={set} questions={questions} onSaved={onSaved} />}
    </Loaded>
  )
}

type FormProps = {
  slug: string
  set: QuestionSet | undefined
  questions: readonly Question[]
  onSaved: Props['onSaved']
}

const empty: Question = { text: '', expected: [] }

function Form({ slug, set, questions, onSaved }: FormProps) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [name, setName] = useState(set?.name ?? '')
  const [way, setWay] = useState<'typed' | 'table'>(questions.length > mostTyped ? 'table' : 'typed')
  const [typed, setTyped] = useState(questions.length > 0 ? questions : [empty])
  const [csv, setCsv] = useState(() => (questions.length > 0 ? csvOf(questions) : ''))
  const [files, setFiles] = useState<{ files: QuestionFiles; names: readonly string[] }>()
  const [strange, setStrange] = useState<readonly string[]>([])
  const input = useRef<HTMLInputElement>(null)
  const asked = typed.filter(({ text }) => text.trim() !== '')
  const save = useMutation({
    mutationFn: () =>
      way === 'typed'
        ? saveSet(slug, set?.id, name, asked, randomId())
        : importSet(slug, set?.id, name, files?.files ?? { csv }, randomId()),
    onSuccess: async (id) => {
      await queries.invalidateQueries({ queryKey: evaluationKeys.all(slug) })
      onSaved(id)
    },
  })
  const take = async (chosen: readonly File[]) => {
    const texts = await Promise.all(
      chosen.map(async (file) => ({ name: file.name, text: await file.text() })),
    )
    const read = filesOf(texts)
    setStrange(read.strange)
    save.reset()
    if (read.files.csv !== undefined) {
      setCsv(read.files.csv)
      setFiles(undefined)
    } else if (Object.keys(read.files).length > 0) {
      setFiles({ files: read.files, names: texts.map((file) => file.name) })
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const ready =
    name.trim() !== '' && (way === 'typed' ? asked.length > 0 : files !== undefined || csv.trim() !== '')
  return (
    <form className={form.form} onSubmit={submit}>
      <TextInput
        label={t('evaluations.name')}
        required
        withAsterisk={false}
        maxLength={120}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <fieldset className={form.group}>
        <legend className={form.legend}>{t('evaluations.questions')}</legend>
        <div className={form.actions}>
          {questions.length <= mostTyped && (
            <Button
              aria-pressed={way === 'typed'}
              look={way === 'typed' ? 'soft' : 'quiet'}
              onClick={() => setWay('typed')}
            >
              {t('evaluations.type')}
            </Button>
          )}
          <Button
            aria-pressed={way === 'table'}
            look={way === 'table' ? 'soft' : 'quiet'}
            onClick={() => setWay('table')}
          >
            {t('evaluations.table')}
          </Button>
        </div>
      </fieldset>
      {way === 'typed' ? (
        <TypedQuestions slug={slug} questions={typed} onChange={setTyped} />
      ) : (
        <>
          <p>{t('evaluations.tableMore')}</p>
          <div className={form.actions}>
            <Button icon="upload" onClick={() => input.current?.click()}>
              {t('evaluations.choose')}
            </Button>
            <input
              ref={input}
              type="file"
              multiple
              hidden
              accept=".csv,.jsonl,.json,.tsv,.txt"
              aria-label={t('evaluations.choose')}
              onChange={(event) => void take([...(event.currentTarget.files ?? [])])}
            />
          </div>
          {strange.length > 0 && (
            <Notice tone="warn" live>
              {t('evaluations.strange', { names: strange.join(', ') })}
            </Notice>
          )}
          {files ? (
            <Notice
              live
              action={<Button onClick={() => setFiles(undefined)}>{t('evaluations.otherFiles')}</Button>}
            >
              {t('evaluations.chosen', { names: files.names.join(', ') })}
            </Notice>
          ) : (
            <Textarea
              label={t('evaluations.csv')}
              placeholder={'question,expected'}
              rows={12}
              dir="auto"
              value={csv}
              onChange={(event) => setCsv(event.currentTarget.value)}
            />
          )}
        </>
      )}
      {save.error && <ProblemLine error={save.error} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={save.isPending} disabled={!ready}>
          {t('evaluations.save')}
        </Button>
      </div>
    </form>
  )
}
