import { NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ComponentProps, type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from '../../api/fields.ts'
import { asProblem } from '../../api/problem.ts'
import {
  type Contact,
  type ContactKind,
  changeProfile,
  contactKinds,
  type Profile,
  profileQuery,
  type Size,
  sizes,
} from '../../api/profile.ts'
import { Button } from '../../ui/Button.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'

const contactFields = contactKinds.flatMap((kind) =>
  (['name', 'email', 'phone'] as const).map((part) => `contacts.${kind}.${part}` as const),
)
const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')]

/** Who this business is, and whom the operator may reach there. */
export function ProfileForm({
  slug,
  profile,
  mayChange,
}: {
  slug: string
  profile: Profile
  mayChange: boolean
}) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [draft, setDraft] = useState(profile)
  const set = (part: Partial<Profile>) => setDraft((old) => ({ ...old, ...part }))
  const saving = useMutation({
    mutationFn: () => changeProfile(slug, draft),
    onSuccess: (saved) => {
      queries.setQueryData(profileQuery(slug).queryKey, saved)
      setDraft(saved.profile)
    },
  })
  const errors = fieldErrors(saving.error && asProblem(saving.error), [
    'company',
    'industry',
    'size',
    'time_zone',
    'custom_domain',
    ...contactFields,
  ])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  const field = (
    name: 'company' | 'industry' | 'domain',
    wire: 'company' | 'industry' | 'custom_domain',
    more: Partial<ComponentProps<typeof TextInput>> = {},
  ) => (
    <TextInput
      label={t(`profile.${name}`)}
      dir="auto"
      readOnly={!mayChange}
      error={errors.of(wire)}
      value={draft[name]}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
      {...more}
    />
  )
  return (
    <form className={form.stack} onSubmit={submit}>
      {!mayChange && <Notice>{t('profile.readOnly')}</Notice>}
      <Panel title={t('profile.company')}>
        <div className={form.form}>
          {field('company', 'company', { label: t('profile.companyName'), maxLength: 300 })}
          {field('industry', 'industry', { maxLength: 200 })}
          <div className={form.pair}>
            <NativeSelect
              label={t('profile.size')}
              disabled={!mayChange}
              error={errors.of('size')}
              value={draft.size}
              onChange={(event) => set({ size: event.currentTarget.value as Size })}
              data={[{ value: '', label: t('profile.sizeUnknown') }, ...sizes]}
            />
            <NativeSelect
              label={t('profile.timeZone')}
              disabled={!mayChange}
              error={errors.of('time_zone')}
              value={draft.timeZone}
              onChange={(event) => set({ timeZone: event.currentTarget.value })}
              data={zones.includes(draft.timeZone) ? zones : [draft.timeZone, ...zones]}
            />
          </div>
          {field('domain', 'custom_domain', {
            description: t('profile.domainHint'),
            dir: 'ltr',
            maxLength: 255,
            autoCapitalize: 'none',
            spellCheck: false,
          })}
        </div>
      </Panel>
      {contactKinds.map((kind) => (
        <ContactPanel
          key={kind}
          kind={kind}
          contact={draft.contacts[kind]}
          mayChange={mayChange}
          errorOf={(part) => errors.of(`contacts.${kind}.${part}`)}
          onChange={(contact) => set({ contacts: { ...draft.contacts, [kind]: contact } })}
        />
      ))}
      {errors.rest && <ProblemLine error={errors.rest} />}
      {mayChange && (
        <div className={form.actions}>
          <Button look="primary" submit busy={saving.isPending}>
            {t('form.save')}
          </Button>
          <span role="status" className={form.said}>
            {saving.isSuccess && t('form.saved')}
          </span>
        </div>
      )}
    </form>
  )
}

function ContactPanel({
  kind,
  contact,
  mayChange,
  errorOf,
  onChange,
}: {
  kind: ContactKind
  contact: Contact
  mayChange: boolean
  errorOf: (part: keyof Contact) => string | undefined
  onChange: (contact: Contact) => void
}) {
  const { t } = useTranslation()
  const field = (part: keyof Contact, more: Partial<ComponentProps<typeof TextInput>>) => (
    <TextInput
      label={t(`profile.${part}`)}
      readOnly={!mayChange}
      error={errorOf(part)}
      value={contact[part]}
      onChange={(event) => onChange({ ...contact, [part]: event.currentTarget.value })}
      {...more}
    />
  )
  return (
    <Panel title={t(`profile.contact.${kind}`)}>
      <div className={form.form}>
        {field('name', { dir: 'auto', maxLength: 200 })}
        <div className={form.pair}>
          {field('email', { dir: 'ltr', type: 'email', inputMode: 'email', maxLength: 254 })}
          {field('phone', { dir: 'ltr', type: 'tel', inputMode: 'tel', maxLength: 40 })}
        </div>
      </div>
    </Panel>
  )
}
