import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Question } from '../../api/evaluations.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Picker } from '../knowledge/WhyNot.tsx'
import classes from './Evaluations.module.css'

type Props = {
  slug: string
  questions: readonly Question[]
  onChange: (questions: readonly Question[]) => void
}

/** Questions with a field each, and the entries that answer them. */
export function TypedQuestions({ slug, questions, onChange }: Props) {
  const { t } = useTranslation()
  // The question whose answering entries are being chosen.
  const [choosing, setChoosing] = useState<number>()
  const change = (place: number, part: Partial<Question>) =>
    onChange(questions.map((question, at) => (at === place ? { ...question, ...part } : question)))
  return (
    <div className={form.stack}>
      {questions.map((question, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a question that is being typed is known by its place alone
        <fieldset key={place} className={classes.typed}>
          <legend className="visually-hidden">{t('evaluations.number', { n: place + 1 })}</legend>
          <TextInput
            label={t('evaluations.number', { n: place + 1 })}
            maxLength={500}
            dir="auto"
            value={question.text}
            onChange={(event) => change(place, { text: event.currentTarget.value })}
          />
          {question.expected.length === 0 && <p className={classes.quiet}>{t('evaluations.noAnswer')}</p>}
          <div className={classes.actions}>
            {question.expected.map((item) => (
              <Button
                key={item.id}
                icon="close"
                aria-label={t('evaluations.leave', { title: item.title ?? t('evaluations.gone') })}
                onClick={() =>
                  change(place, { expected: question.expected.filter(({ id }) => id !== item.id) })
                }
              >
                <bdi>{item.title ?? t('evaluations.gone')}</bdi>
              </Button>
            ))}
          </div>
          {choosing === place ? (
            <Picker
              slug={slug}
              onChoose={({ id, title }) => {
                if (!question.expected.some((item) => item.id === id))
                  change(place, { expected: [...question.expected, { id, title }] })
                setChoosing(undefined)
              }}
            />
          ) : (
            <div className={classes.actions}>
              <Button icon="plus" onClick={() => setChoosing(place)}>
                {t('evaluations.expect')}
              </Button>
              {questions.length > 1 && (
                <Button
                  icon="trash"
                  aria-label={t('evaluations.remove', { n: place + 1 })}
                  onClick={() => {
                    onChange(questions.filter((_, at) => at !== place))
                    setChoosing(undefined)
                  }}
                />
              )}
            </div>
          )}
        </fieldset>
      ))}
      <Button icon="plus" onClick={() => onChange([...questions, { text: '', expected: [] }])}>
        {t('evaluations.add')}
      </Button>
    </div>
  )
}
