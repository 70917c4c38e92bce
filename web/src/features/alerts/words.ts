import type { Alert } from '../../api/alerts.ts'
import type { IconName } from '../../ui/Icon.tsx'
import type { Tone } from '../../ui/Tag.tsx'

// What the engine raises by itself; package whatsapp gives the words.
const kinds = ['template', 'number', 'notice', 'stuck', 'loop', 'recipients', 'outage', 'set_aside'] as const
export const knownKind = (kind: string) => kinds.find((one) => one === kind) ?? 'notice'

export const severityLooks: Record<Alert['severity'], { tone: Tone; icon: IconName }> = {
  urgent: { tone: 'bad', icon: 'alert' },
  warning: { tone: 'warn', icon: 'alert' },
  info: { tone: 'plain', icon: 'lightbulb' },
}

/** The number that an alert is about; undefined: it is about something else. */
export const channelOf = (alert: Alert): string | undefined =>
  /^channel ([0-9a-f-]{36})$/.exec(alert.object)?.[1]
