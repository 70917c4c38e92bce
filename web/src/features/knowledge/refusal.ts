import type { FileType } from '../../api/config.ts'

/** Why a file is not sent, or could not be. */
export type Refusal = 'large' | 'type' | 'empty' | 'lost'

export type Limits = {
  types: readonly FileType[]
  /** Words of the types that the tenant may have read. */
  allowed: readonly string[]
  maxBytes: number
}

/** What the server would say of a file by its name and size alone, so that it need not be sent to hear it. */
export function refusalOf(file: File, { types, allowed, maxBytes }: Limits): Refusal | undefined {
  if (file.size === 0) return 'empty'
  if (file.size > maxBytes) return 'large'
  const ending = /\.[^./]*$/.exec(file.name.toLowerCase())?.[0] ?? ''
  const type = types.find(({ name, endings }) => endings.includes(ending) || ending === `.${name}`)
  return type && allowed.includes(type.name) ? undefined : 'type'
}
