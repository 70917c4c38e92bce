import type { PhoneMessage } from '../../api/simulator.ts'

/** The thread with a message that is new, or whose ticks changed, in its place. */
export function withMessage(thread: readonly PhoneMessage[], message: PhoneMessage): readonly PhoneMessage[] {
  const known = thread.findIndex((one) => one.seq === message.seq)
  if (known >= 0) return thread.map((one, index) => (index === known ? message : one))
  return [...thread, message].sort((a, b) => a.seq - b.seq)
}
