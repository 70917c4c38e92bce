import { NativeSelect } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldErrors } from '../../api/fields.ts'
import type { Role } from '../../api/me.ts'
import { type Invited, invite, rolesToGive } from '../../api/members.ts'
import { asProblem } from '../../api/problem.ts'
import { type Language, languageNames, languages, preferredLanguage } from '../../lib/language.ts'
import { Button } from '../../ui/Button.tsx'
import { EmailField } from '../../ui/EmailField.tsx'
import form from '../../ui/form.module.css'
import { ProblemLine } from '../shell/ProblemState.tsx'

/** Who is to come, as what, and in which language they are written to. */
export function InviteForm({
  slug,
  own,
  onInvited,
}: {
  slug: string
  own: Role
  onInvited: (invited: Invited) => void
}) {
  const { t, i18n } = useTranslation()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('member')
  const [language, setLanguage] = useState<Language>(() => preferredLanguage(i18n.language, []))
  const inviting = useMutation({
    mutationFn: () => invite(slug, email.trim(), role, language),
    onSuccess: onInvited,
  })
  const errors = fieldErrors(inviting.error && asProblem(inviting.error), ['email', 'role', 'language'])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    inviting.mutate()
  }
  return (
    <form className={form.form} onSubmit={submit}>
      <EmailField
        label={t('team.email')}
        error={errors.of('email')}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <NativeSelect
        label={t('team.role')}
        description={t(`team.roleMore.${role}`)}
        error={errors.of('role')}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value as Role)}
        data={rolesToGive(own).map((one) => ({ value: one, label: t(`role.${one}`) }))}
      />
      <NativeSelect
        label={t('team.language')}
        error={errors.of('language')}
        value={language}
        onChange={(event) => setLanguage(event.currentTarget.value as Language)}
        data={languages.map((one) => ({ value: one, label: languageNames[one] }))}
      />
      {errors.rest && <ProblemLine error={errors.rest} />}
      <div className={form.actions}>
        <Button look="primary" submit busy={inviting.isPending}>
          {t('team.send')}
        </Button>
      </div>
    </form>
  )
}
