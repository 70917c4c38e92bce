import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Contact, mergeContacts, type Person, personQuery, unmergeContact } from '../../api/contacts.ts'
import { contactName, conversationKeys, conversationsQuery } from '../../api/conversations.ts'
import { mayAdminister } from '../../api/me.ts'
import { Button } from '../../ui/Button.tsx'
import { Facts } from '../../ui/Facts.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { SearchField } from '../../ui/SearchField.tsx'
import { When } from '../../ui/When.tsx'
import { Remembered } from '../memory/Remembered.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import { useTenant } from '../shell/tenant.ts'
import classes from './Who.module.css'

/** Who a conversation is with: what they are called where, what they do not want to get, and who else they are. */
export function Who({ slug, contact }: { slug: string; contact: string }) {
  const person = useQuery(personQuery(slug, contact))
  return (
    <Loaded query={person}>
      {(data) => (
        <div className={form.stack}>
          <OptOuts person={data} />
          <Identities person={data} />
          <Remembered slug={slug} contact={contact} />
          <Same slug={slug} person={data} />
        </div>
      )}
    </Loaded>
  )
}

function OptOuts({ person }: { person: Person }) {
  const { t } = useTranslation()
  return person.optOuts.map((one) => (
    <Notice key={one.scope + one.source} tone={one.scope === 'all' ? 'warn' : 'accent'}>
      {t(`who.optOut.${one.scope}`)} {t(`who.because.${one.source}`)} · <When at={one.since} />
    </Notice>
  ))
}

function Identities({ person }: { person: Person }) {
  const { t } = useTranslation()
  return (
    <Panel title={t('who.called')}>
      <Facts
        facts={[
          [t('who.name'), person.name && <bdi key="name">{person.name}</bdi>],
          [
            t('who.phone'),
            person.phone && (
              <bdi key="phone" dir="ltr">
                {person.phone}
              </bdi>
            ),
          ],
        ]}
      />
      <ul className={classes.list}>
        {person.identities.map((one) => (
          <li key={one.channel_id + one.kind + one.value}>
            <bdi dir="ltr" className={classes.value}>
              {one.value}
            </bdi>
            <small className={classes.faint}>
              {t(`who.kind.${one.kind}`)} · <bdi dir="ltr">{one.number}</bdi>
            </small>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** The other contacts of the same person; an administrator says who is, and takes it back. */
function Same({ slug, person }: { slug: string; person: Person }) {
  const { t } = useTranslation()
  const { role } = useTenant()
  const queries = useQueryClient()
  const refresh = () => queries.invalidateQueries({ queryKey: conversationKeys.all(slug) })
  const parting = useMutation({
    mutationFn: (id: string) => unmergeContact(slug, id),
    onSettled: refresh,
  })
  const may = mayAdminister(role)
  if (!may && person.same.length === 0) return null
  return (
    <Panel title={t('who.same')}>
      {person.same.length === 0 && <p className={classes.faint}>{t('who.sameNone')}</p>}
      <ul className={classes.list}>
        {person.same.map((one) => (
          <li key={one.id} className={classes.row}>
            <Called contact={one} />
            {may && (
              <Button busy={parting.isPending} onClick={() => parting.mutate(one.parts)}>
                {t('who.part')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {parting.error && <ProblemLine error={parting.error} />}
      {may && <Merge slug={slug} person={person} onDone={refresh} />}
    </Panel>
  )
}

function Called({ contact }: { contact: Contact }) {
  const { t } = useTranslation()
  return (
    <span className={classes.called}>
      <bdi>{contactName(contact, t('inbox.unknownContact'))}</bdi>
      {contact.name && contact.phone && (
        <small className={classes.faint} dir="ltr">
          {contact.phone}
        </small>
      )}
    </span>
  )
}

/** Finds somebody among those who have a conversation, and says that they are the same person. */
function Merge({ slug, person, onDone }: { slug: string; person: Person; onDone: () => Promise<void> }) {
  const { t } = useTranslation()
  const [search, setSearch] = useState('')
  const [chosen, setChosen] = useState<Contact>()
  const found = useInfiniteQuery({ ...conversationsQuery(slug, search), enabled: search !== '' })
  const known = new Set([person.id, ...person.same.map(({ id }) => id)])
  const rows = new Map<string, Contact>()
  for (const { contact } of found.data?.pages.flatMap((page) => page.rows) ?? [])
    if (!known.has(contact.id)) rows.set(contact.id, contact)
  return (
    <div className={form.stack}>
      <SearchField label={t('who.find')} value={search} onChange={setSearch} />
      {search !== '' && found.data && rows.size === 0 && (
        <p role="status" className={classes.faint}>
          {t('inbox.noMatch', { query: search })}
        </p>
      )}
      {search !== '' && (
        <ul className={classes.list}>
          {[...rows.values()].slice(0, 8).map((one) => (
            <li key={one.id} className={classes.row}>
              <Called contact={one} />
              <Button onClick={() => setChosen(one)}>{t('who.merge')}</Button>
            </li>
          ))}
        </ul>
      )}
      {found.error && <ProblemLine error={found.error} />}
      {chosen && (
        <Confirm
          title={t('who.mergeTitle', { name: contactName(chosen, t('inbox.unknownContact')) })}
          act={t('who.merge')}
          run={async () => {
            await mergeContacts(slug, person.id, chosen.id)
            setSearch('')
            await onDone()
          }}
          onClose={() => setChosen(undefined)}
        >
          {t('who.mergeMore')}
        </Confirm>
      )}
    </div>
  )
}
