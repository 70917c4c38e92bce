/** Who an actor of the log is: "user:issuer|subject" by the address of the person, else as short as can be told apart. */
export function actorName(actor: string, people: ReadonlyMap<string, string>): string {
  const subject = /^user:.*\|([^|]+)$/.exec(actor)?.[1]
  if (subject === undefined) return actor
  return (
    people.get(subject) ?? (subject.length > 12 ? `${subject.slice(0, 4)}…${subject.slice(-4)}` : subject)
  )
}
