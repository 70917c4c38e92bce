// WhatsApp's own marks in a text: *bold*, _italic_, ~struck~ and `code`. A mark counts when it stands at the edge of a word and
// closes on the same line, as on a phone; anything else is the character itself.

export type Piece = { kind: 'plain' | 'bold' | 'italic' | 'struck' | 'code'; text: string }

const kinds = { '*': 'bold', _: 'italic', '~': 'struck', '`': 'code' } as const
const marked = /(?<![\p{L}\p{N}])([*_~`])(?=\S)([^\n]*?\S)\1(?![\p{L}\p{N}])/gu

/** Cuts a text into pieces of one look each. Joined, the texts are the text without the marks. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  let end = 0
  for (const match of text.matchAll(marked)) {
    if (match.index > end) found.push({ kind: 'plain', text: text.slice(end, match.index) })
    found.push({ kind: kinds[match[1] as keyof typeof kinds], text: match[2] ?? '' })
    end = match.index + match[0].length
  }
  if (end < text.length) found.push({ kind: 'plain', text: text.slice(end) })
  return found
}
