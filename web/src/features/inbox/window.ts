/** WhatsApp's 24-hour window: how long a free reply is still allowed. */
export type ReplyWindow = { open: true; left: number } | { open: false }

export function replyWindow(until: Date | undefined, now: Date): ReplyWindow {
  const left = until ? until.getTime() - now.getTime() : 0
  return left > 0 ? { open: true, left } : { open: false }
}
