import { NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Channel } from '../../api/channels.ts'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import {
  type Category,
  categories,
  createTemplate,
  type Template,
  templateKeys,
} from '../../api/templates.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { titleOf } from '../channels/words.ts'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { Buttons } from './Buttons.tsx'
import { draftOf, emptyValues, nameOf, placeholders, type Values } from './draft.ts'
import { Preview } from './Preview.tsx'

const names = [
  'channel_id',
  'name',
  'language',
  'category',
  'header',
  'body',
  'examples',
  'footer',
  'buttons',
] as const
const headers = ['', 'text', 'image', 'video', 'document'] as const

/** A new template, as its customer will see it. It is kept as a draft; submitting it is a step of its own. */
export function TemplateForm({
  slug,
  numbers,
  onMade,
}: {
  slug: string
  numbers: readonly Channel[]
  onMade: (template: Template) => void
}) {
  const { t, i18n } = useTranslation()
  const queries = useQueryClient()
  const [values, setValues] = useState(() => emptyValues(numbers[0]?.id ?? '', i18n.language.slice(0, 2)))
  const set = (part: Partial<Values>) => setValues((old) => ({ ...old, ...part }))
  const making = useMutation({
    mutationFn: () => createTemplate(slug, draftOf(values)),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: templateKeys.all(slug) })
      onMade(made)
    },
  })
  const errors = fieldErrors(making.error && asProblem(making.error), names)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    making.mutate()
  }
  const { header } = values
  const drawn = draftOf(values)
  return (
    <form className={form.form} onSubmit={submit}>
      {numbers.length > 1 && (
        <NativeSelect
          label={t('templates.number')}
          error={errors.of('channel_id')}
          value={values.channel}
          onChange={(event) => set({ channel: event.currentTarget.value })}
          data={numbers.map((one) => ({ value: one.id, label: titleOf(one) }))}
        />
      )}
      <div className={form.pair}>
        <TextInput
          label={t('templates.name')}
          description={t('templates.nameMore')}
          dir="ltr"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          maxLength={512}
          error={errors.of('name')}
          value={values.name}
          onChange={(event) => set({ name: nameOf(event.currentTarget.value) })}
        />
        <TextInput
          label={t('templates.language')}
          description={t('templates.languageMore')}
          dir="ltr"
          required
          withAsterisk={false}
          maxLength={20}
          error={errors.of('language')}
          value={values.language}
          onChange={(event) => set({ language: event.currentTarget.value })}
        />
      </div>
      <NativeSelect
        label={t('templates.categoryName')}
        description={t('templates.categoryMore')}
        error={errors.of('category')}
        value={values.category}
        onChange={(event) => set({ category: event.currentTarget.value as Category })}
        data={categories
          .filter((one) => one !== 'authentication') // its text is WhatsApp's own
          .map((one) => ({ value: one, label: t(`templates.category.${one}`) }))}
      />
      <NativeSelect
        label={t('templates.header')}
        error={header.kind ? undefined : errors.of('header')}
        value={header.kind}
        onChange={(event) =>
          set({ header: { ...header, kind: event.currentTarget.value as Values['header']['kind'] } })
        }
        data={headers.map((one) => ({ value: one, label: t(`templates.headerKind.${one || 'none'}`) }))}
      />
      {header.kind === 'text' && (
        <TextInput
          label={t('templates.headerText')}
          dir="auto"
          maxLength={60}
          required
          withAsterisk={false}
          error={errors.of('header')}
          value={header.text}
          onChange={(event) => set({ header: { ...header, text: event.currentTarget.value } })}
        />
      )}
      {(header.kind === 'text' ? placeholders(header.text) > 0 : header.kind !== '') && (
        <TextInput
          label={
            header.kind === 'text' ? t('templates.example', { number: 1 }) : t('templates.headerExample')
          }
          dir="auto"
          required
          withAsterisk={false}
          error={header.kind === 'text' ? undefined : errors.of('header')}
          value={header.example}
          onChange={(event) => set({ header: { ...header, example: event.currentTarget.value } })}
        />
      )}
      <Textarea
        label={t('templates.body')}
        description={t('templates.bodyMore')}
        dir="auto"
        autosize
        minRows={4}
        maxLength={1024}
        required
        withAsterisk={false}
        error={errors.of('body')}
        value={values.body}
        onChange={(event) => set({ body: event.currentTarget.value })}
      />
      {drawn.examples.map((_, index) => (
        <TextInput
          // biome-ignore lint/suspicious/noArrayIndexKey: an example is its number
          key={index}
          label={t('templates.example', { number: index + 1 })}
          dir="auto"
          required
          withAsterisk={false}
          error={index === 0 ? errors.of('examples') : undefined}
          value={values.examples[index] ?? ''}
          onChange={(event) => {
            const examples = drawn.examples.map((_, other) => values.examples[other] ?? '')
            examples[index] = event.currentTarget.value
            set({ examples })
          }}
        />
      ))}
      <TextInput
        label={t('templates.footer')}
        dir="auto"
        maxLength={60}
        error={errors.of('footer')}
        value={values.footer}
        onChange={(event) => set({ footer: event.currentTarget.value })}
      />
      <Buttons
        buttons={values.buttons}
        onChange={(buttons) => set({ buttons })}
        error={errors.of('buttons')}
      />
      <Preview
        header={header.kind ? header : undefined}
        body={values.body}
        footer={values.footer}
        buttons={values.buttons}
        examples={values.examples}
      />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={making.isPending}>
          {t('templates.save')}
        </Button>
      </div>
    </form>
  )
}
