/** The web addresses in a text, each once, without the full stop or bracket that follows one in a sentence. */
export function addressesIn(text: string): string[] {
  const found = text.match(/https?:\/\/[^\s<>"]+/g) ?? []
  return [...new Set(found.map((one) => one.replace(/[.,;:!?)\]]+$/, '')))]
}
