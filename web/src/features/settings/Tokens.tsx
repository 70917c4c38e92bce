import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type ApiToken, revokeToken, tokensKey, tokensQuery } from '../../api/tokens.ts'
import { useMinute } from '../../lib/clock.ts'
import { Button } from '../../ui/Button.tsx'
import { CopyField } from '../../ui/CopyField.tsx'
import form from '../../ui/form.module.css'
import { Notice } from '../../ui/Notice.tsx'
import { Sheet } from '../../ui/Sheet.tsx'
import { State } from '../../ui/State.tsx'
import { Table } from '../../ui/Table.tsx'
import { Tag } from '../../ui/Tag.tsx'
import { When } from '../../ui/When.tsx'
import { Confirm } from '../shell/Confirm.tsx'
import { Loaded } from '../shell/Loaded.tsx'
import { useCopyWords } from '../shell/words.ts'
import { TokenForm } from './TokenForm.tsx'

/** The keys of this tenant's own scripts and workflows. */
export function Tokens({ slug }: { slug: string }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const words = useCopyWords()
  const tokens = useQuery(tokensQuery(slug))
  const [making, setMaking] = useState(false)
  const [secret, setSecret] = useState<string>()
  const [ending, setEnding] = useState<ApiToken>()
  const refresh = () => queries.invalidateQueries({ queryKey: tokensKey(slug) })
  const make = (
    <Button look="primary" icon="plus" onClick={() => setMaking(true)}>
      {t('tokens.create')}
    </Button>
  )
  return (
    <>
      <Loaded query={tokens}>
        {(rows) =>
          rows.length === 0 ? (
            <State icon="key" title={t('tokens.none')} action={make}>
              {t('tokens.noneMore')}
            </State>
          ) : (
            <div className={form.stack}>
              <div className={form.actions}>{make}</div>
              <Table
                label={t('settings.tokens')}
                rows={rows}
                keyOf={(row) => row.id}
                columns={[
                  { head: t('tokens.name'), cell: (row) => <bdi>{row.name}</bdi> },
                  { head: t('tokens.secret'), cell: (row) => <code dir="ltr">{row.prefix}…</code> },
                  { head: t('tokens.scopes'), cell: (row) => <Scopes scopes={row.scopes} /> },
                  { head: t('tokens.expires'), cell: (row) => <Expiry at={row.expiresAt} /> },
                  {
                    head: t('tokens.lastUse'),
                    cell: (row) => (row.lastUsedAt ? <When at={row.lastUsedAt} /> : t('tokens.never')),
                  },
                ]}
                actionsLabel={t('form.actions')}
                actions={(row) => (
                  <Button danger onClick={() => setEnding(row)}>
                    {t('tokens.revoke')}
                  </Button>
                )}
              />
            </div>
          )
        }
      </Loaded>
      <Sheet
        open={making}
        onClose={() => setMaking(false)}
        from="middle"
        title={t('tokens.create')}
        closeLabel={t('state.close')}
      >
        <TokenForm
          slug={slug}
          onMade={(made) => {
            setMaking(false)
            setSecret(made)
            void refresh()
          }}
        />
      </Sheet>
      <Sheet
        open={secret !== undefined}
        onClose={() => setSecret(undefined)}
        from="middle"
        title={t('tokens.made')}
        closeLabel={t('state.close')}
      >
        <div className={form.stack}>
          <Notice tone="warn">{t('tokens.once')}</Notice>
          <CopyField label={t('tokens.secret')} value={secret ?? ''} words={words} />
          <div className={form.actions}>
            <Button look="primary" onClick={() => setSecret(undefined)}>
              {t('form.kept')}
            </Button>
          </div>
        </div>
      </Sheet>
      {ending && (
        <Confirm
          title={t('tokens.revokeTitle', { name: ending.name })}
          act={t('tokens.revoke')}
          danger
          run={async () => {
            await revokeToken(slug, ending.id)
            await refresh()
          }}
          onClose={() => setEnding(undefined)}
        >
          {t('tokens.revokeMore')}
        </Confirm>
      )}
    </>
  )
}

function Scopes({ scopes }: { scopes: readonly string[] }) {
  return (
    <span className={form.tags}>
      {scopes.map((scope) => (
        <Tag key={scope}>
          <bdi dir="ltr">{scope}</bdi>
        </Tag>
      ))}
    </span>
  )
}

function Expiry({ at }: { at: Date | undefined }) {
  const { t } = useTranslation()
  const now = useMinute()
  if (!at) return t('tokens.noEnd')
  return at <= now ? <Tag tone="bad">{t('tokens.expired')}</Tag> : <When at={at} />
}
