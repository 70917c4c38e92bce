import { TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { digits, type Phone, putPhone, simulatorKeys } from '../../api/simulator.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Button } from '../../ui/Button.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { Sheet } from '../../ui/Sheet.tsx'
import { ProblemLine } from '../shell/ProblemState.tsx'
import classes from './Customers.module.css'

type Props = {
  slug: string
  business: string
  phones: readonly Phone[]
  chosen: string | undefined
  onChoose: (address: string) => void
}

/** The customers of the simulation: choose who to be, or make a new one. */
export function Customers({ slug, business, phones, chosen, onChoose }: Props) {
  const { t } = useTranslation()
  const [adding, setAdding] = useState(false)
  return (
    <section className={classes.pane} aria-label={t('simulator.customers')}>
      <ul className={classes.list}>
        {phones.map((phone) => (
          <li key={phone.address}>
            <button
              type="button"
              className={classes.customer}
              aria-pressed={phone.address === chosen}
              onClick={() => onChoose(phone.address)}
            >
              <Avatar name={phone.name} size="sm" />
              <span className={classes.words}>
                <bdi className={classes.name}>{phone.name}</bdi>
                <span className={classes.number} dir="ltr">
                  +{phone.address}
                </span>
              </span>
            </button>
          </li>
        ))}
        <li>
          <button type="button" className={classes.customer} onClick={() => setAdding(true)}>
            <span className={classes.plus}>
              <Icon name="plus" size={16} />
            </span>
            <span className={classes.name}>{t('simulator.addCustomer')}</span>
          </button>
        </li>
      </ul>
      <Sheet
        open={adding}
        onClose={() => setAdding(false)}
        from="middle"
        title={t('simulator.addCustomer')}
        closeLabel={t('state.close')}
      >
        <AddCustomer
          slug={slug}
          business={business}
          onDone={(address) => {
            setAdding(false)
            onChoose(address)
          }}
        />
      </Sheet>
    </section>
  )
}

function AddCustomer({
  slug,
  business,
  onDone,
}: {
  slug: string
  business: string
  onDone: (address: string) => void
}) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [name, setName] = useState('')
  const [number, setNumber] = useState('')
  const [tried, setTried] = useState(false)
  const address = digits(number)
  const fits = address.length >= 8 && address.length <= 15
  const add = useMutation({
    mutationFn: () => putPhone(address, { name: name.trim(), online: true }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: simulatorKeys.phones(slug, business) })
      onDone(address)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (fits) add.mutate()
  }
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={t('simulator.customerName')}
        dir="auto"
        required
        withAsterisk={false}
        maxLength={100}
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label={t('simulator.customerPhone')}
        description={t('simulator.phoneHint')}
        type="tel"
        dir="ltr"
        required
        withAsterisk={false}
        autoComplete="off"
        value={number}
        error={tried && !fits ? t('simulator.phoneWrong') : undefined}
        onChange={(event) => setNumber(event.currentTarget.value)}
      />
      {add.error && <ProblemLine error={add.error} />}
      <Button look="primary" submit busy={add.isPending}>
        {t('simulator.add')}
      </Button>
    </form>
  )
}
