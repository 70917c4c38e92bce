import type { TFunction } from 'i18next'
import type { Expected } from '../../api/knowledge.ts'

/** What became of an expected entry, in sentences. */
export function verdictSentences(t: TFunction, it: Expected): readonly string[] {
  const place = { rank: it.rank, scored: it.scored }
  switch (it.verdict) {
    case 'shown':
    case 'outranked':
    case 'passed':
      return [t(`brain.whyNot.verdict.${it.verdict}`, place)]
    case 'unlike':
      return [
        t('brain.whyNot.verdict.unlike'),
        ...(it.rank > 0 ? [t('brain.whyNot.verdict.byMeaning', place)] : []),
      ]
    case 'filtered':
      return [t('brain.whyNot.verdict.filtered')]
    case 'not_ready':
      return [t('brain.whyNot.verdict.notReady')]
    case 'not_readable':
      return [t('brain.whyNot.verdict.notReadable'), ...(it.problem ? [it.problem] : [])]
  }
}

/** What the assistant would make of the question, as a sentence. */
export function answerSentence(t: TFunction, { answer }: Expected, language: string): string {
  const percent = new Intl.NumberFormat(language, { style: 'percent' })
  if (answer.action === 'answer')
    return answer.usesItem ? t('brain.whyNot.answer.fromIt') : t('brain.whyNot.answer.fromOthers')
  if (answer.action === 'refuse')
    return t('brain.whyNot.answer.refused', {
      confidence: percent.format(answer.confidence),
      threshold: percent.format(answer.threshold),
    })
  return t('brain.whyNot.answer.noQuestion')
}
