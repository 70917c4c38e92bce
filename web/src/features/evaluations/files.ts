import type { Question, QuestionFiles } from '../../api/evaluations.ts'

export type NamedText = { name: string; text: string }

const kinds: readonly [RegExp, keyof QuestionFiles][] = [
  [/\.csv$/i, 'csv'],
  [/unanswerable[^/]*\.jsonl?$/i, 'unanswerable'],
  [/docs[^/]*\.jsonl?$/i, 'documents'],
  [/qrels[^/]*\.(tsv|txt)$/i, 'qrels'],
  [/\.jsonl?$/i, 'queries'],
]

/** Which file is which, by their names as `flomastr eval retrieval` has them; those that are none of them are named. */
export function filesOf(chosen: readonly NamedText[]): { files: QuestionFiles; strange: readonly string[] } {
  const files: QuestionFiles = {}
  const strange: string[] = []
  for (const { name, text } of chosen) {
    const kind = kinds.find(([pattern]) => pattern.test(name))?.[1]
    if (kind === undefined || files[kind] !== undefined) strange.push(name)
    else files[kind] = text
  }
  return { files, strange }
}

const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** A set as CSV. Items stand by their titles; by their ids where a title would not be read back. */
export function csvOf(questions: readonly Question[]): string {
  const names = (question: Question) =>
    question.expected
      .map(({ id, title }) =>
        title === undefined || title.includes('|') || title.trim() !== title ? id : title,
      )
      .join(' | ')
  const rows = questions.map((question) => `${field(question.text)},${field(names(question))}`)
  return ['question,expected', ...rows, ''].join('\n')
}
