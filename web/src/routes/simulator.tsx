import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { tenantQuery } from '../api/me.ts'
import { asProblem } from '../api/problem.ts'
import { numbersQuery, phonesQuery } from '../api/simulator.ts'
import { ProblemState } from '../features/shell/ProblemState.tsx'
import { useTenant } from '../features/shell/tenant.ts'
import { Customers } from '../features/simulator/Customers.tsx'
import { PhoneScreen } from '../features/simulator/PhoneScreen.tsx'
import { Traffic } from '../features/simulator/Traffic.tsx'
import { Button } from '../ui/Button.tsx'
import { Sheet } from '../ui/Sheet.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { State } from '../ui/State.tsx'
import classes from './simulator.module.css'

/** A phone to be a customer with. Several customers, one business. */
export function SimulatorPage() {
  const { t } = useTranslation()
  const { slug } = useTenant()
  const numbers = useQuery(numbersQuery(slug))
  const business = numbers.data?.[0]
  if (numbers.isPending) return <Skeleton label={t('state.loading')} />
  if (numbers.isError && asProblem(numbers.error).status === 404)
    return (
      <State icon="phone" title={t('simulator.unavailable')}>
        {t('simulator.unavailableMore')}
      </State>
    )
  if (numbers.isError) return <ProblemState error={numbers.error} onRetry={() => numbers.refetch()} />
  if (!business) return <State icon="phone" title={t('simulator.noChannel')} />
  return <Simulation slug={slug} business={business} />
}

function Simulation({ slug, business }: { slug: string; business: string }) {
  const { t } = useTranslation()
  const tenant = useQuery(tenantQuery(slug))
  const phones = useQuery(phonesQuery(slug, business))
  const [chosen, setChosen] = useState<string>()
  const [wire, setWire] = useState(false)
  const phone = phones.data?.find((one) => one.address === chosen) ?? phones.data?.[0]
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <h1 className={classes.title}>{t('simulator.title')}</h1>
          <p className={classes.intro}>{t('simulator.intro')}</p>
        </div>
        <Button icon="code" onClick={() => setWire(true)}>
          {t('simulator.traffic')}
        </Button>
      </header>
      {phones.isPending ? (
        <Skeleton label={t('state.loading')} />
      ) : phones.isError ? (
        <ProblemState error={phones.error} onRetry={() => phones.refetch()} />
      ) : (
        <div className={classes.stage}>
          <Customers
            slug={slug}
            business={business}
            phones={phones.data}
            chosen={phone?.address}
            onChoose={setChosen}
          />
          <div className={classes.place}>
            {phone && (
              <PhoneScreen
                key={phone.address}
                slug={slug}
                business={business}
                businessName={tenant.data?.name ?? slug}
                phone={phone}
              />
            )}
          </div>
        </div>
      )}
      <Sheet
        open={wire}
        onClose={() => setWire(false)}
        title={t('simulator.traffic')}
        closeLabel={t('state.close')}
      >
        <Traffic slug={slug} />
      </Sheet>
    </div>
  )
}
