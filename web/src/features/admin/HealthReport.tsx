import { useTranslation } from 'react-i18next'
import type { Check, Health, Setting } from '../../api/health.ts'
import { Facts } from '../../ui/Facts.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Table } from '../../ui/Table.tsx'
import { Tag } from '../../ui/Tag.tsx'

/** What the platform stands on, and whether it holds. */
export function HealthReport({ health }: { health: Health }) {
  const { t, i18n } = useTranslation()
  const ms = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 })
  return (
    <>
      {health.ready ? (
        <Notice tone="ok">{t('health.ready')}</Notice>
      ) : (
        <Notice tone="bad">{t('health.notReady')}</Notice>
      )}
      <Panel>
        <Facts
          facts={[
            [t('health.version'), <code key="v">{health.version}</code>],
            [t('health.waiting'), new Intl.NumberFormat(i18n.language).format(health.waiting)],
          ]}
        />
      </Panel>
      <Panel title={t('health.checks')}>
        <Table
          label={t('health.checks')}
          rows={health.checks}
          keyOf={(row: Check) => row.name}
          columns={[
            { head: t('health.what'), cell: (row) => row.name },
            {
              head: t('health.state'),
              cell: (row) => (
                <Tag tone={row.ok ? 'ok' : row.required ? 'bad' : 'warn'} icon={row.ok ? 'check' : 'alert'}>
                  {t(row.ok ? 'health.works' : 'health.fails')}
                </Tag>
              ),
            },
            { head: t('health.latency'), cell: (row) => t('health.ms', { ms: ms.format(row.ms) }) },
            { head: t('health.note'), cell: (row) => row.note ?? (row.required ? t('health.required') : '') },
          ]}
        />
      </Panel>
      <Panel title={t('health.settings')} text={t('health.settingsMore')}>
        <Table
          label={t('health.settings')}
          rows={health.settings}
          keyOf={(row: Setting) => row.name}
          columns={[
            { head: t('health.what'), cell: (row) => <code dir="ltr">{row.name}</code> },
            {
              head: t('health.state'),
              cell: (row) => (
                <Tag tone={row.state === 'OK' ? 'ok' : row.state === 'MISSING' ? 'warn' : 'bad'}>
                  {t(`health.setting.${row.state}`)}
                </Tag>
              ),
            },
            { head: t('health.note'), cell: (row) => row.note ?? '' },
          ]}
        />
      </Panel>
    </>
  )
}
