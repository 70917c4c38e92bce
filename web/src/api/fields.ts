import type { FieldProblem, Problem } from './problem.ts'

/** What the server said about the fields of a form: each beside its field, and what no field takes, for everybody. */
export type FieldErrors<Name extends string> = {
  of: (name: Name) => string | undefined
  /** The problem, where it says more than the fields show. */
  rest: Problem | undefined
}

/** Sorts a problem by the fields that a form has. `names` are the server's: "tenant_slug" of "body.tenant_slug". */
export function fieldErrors<Name extends string>(
  problem: Problem | null | undefined,
  names: readonly Name[],
): FieldErrors<Name> {
  const found = new Map<string, string>()
  const homeless: FieldProblem[] = []
  for (const field of problem?.fields ?? []) {
    const name = names.find((one) => nameOf(field.location) === one)
    if (name === undefined) homeless.push(field)
    else if (!found.has(name)) found.set(name, field.message)
  }
  const said = found.size > 0 && homeless.length === 0
  return { of: (name) => found.get(name), rest: said ? undefined : (problem ?? undefined) }
}

/** "body.scopes[2]" is about the field "scopes". */
const nameOf = (location: string): string => location.replace(/^body\./, '').replace(/\[\d+\].*$/, '')
