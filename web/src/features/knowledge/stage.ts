import type { TFunction } from 'i18next'

const stages = [
  'fused',
  'words',
  'grams',
  'pairs',
  'title',
  'window',
  'item',
  'cosine',
  'vector',
  'rerank',
  'fresh',
  'repeats',
] as const

/** What a stage of the retrieval looks at, as a word; one that is new to us goes by its own name. */
export function stageName(t: TFunction, name: string): string {
  const known = stages.find((stage) => stage === name)
  return known ? t(`brain.stage.${known}`) : name
}
