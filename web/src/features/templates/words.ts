import { categories } from '../../api/templates.ts'
import type { IconName } from '../../ui/Icon.tsx'
import type { Tone } from '../../ui/Tag.tsx'

// What is ours, and WhatsApp's words; it may say others.
export const statuses = ['draft', 'pending', 'approved', 'rejected', 'paused', 'disabled'] as const
export const knownStatus = (status: string) => statuses.find((one) => one === status)

const looks: Record<(typeof statuses)[number], { tone: Tone; icon: IconName }> = {
  draft: { tone: 'plain', icon: 'file' },
  pending: { tone: 'accent', icon: 'clock' },
  approved: { tone: 'ok', icon: 'check' },
  rejected: { tone: 'bad', icon: 'alert' },
  paused: { tone: 'warn', icon: 'alert' },
  disabled: { tone: 'bad', icon: 'alert' },
}
export const looksOf = (status: string) => looks[knownStatus(status) ?? 'pending']

export const knownCategory = (category: string) => categories.find((one) => one === category)
