import { describe, expect, it } from 'vitest'
import ar from './ar.json' with { type: 'json' }
import channelsAr from './channels/ar.json' with { type: 'json' }
import channelsEn from './channels/en.json' with { type: 'json' }
import channelsEs from './channels/es.json' with { type: 'json' }
import channelsHi from './channels/hi.json' with { type: 'json' }
import channelsPt from './channels/pt.json' with { type: 'json' }
import en from './en.json' with { type: 'json' }
import es from './es.json' with { type: 'json' }
import hi from './hi.json' with { type: 'json' }
import manageAr from './manage/ar.json' with { type: 'json' }
import manageEn from './manage/en.json' with { type: 'json' }
import manageEs from './manage/es.json' with { type: 'json' }
import manageHi from './manage/hi.json' with { type: 'json' }
import managePt from './manage/pt.json' with { type: 'json' }
import pt from './pt.json' with { type: 'json' }

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + key, value)
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) found.set(inner, text)
  }
  return found
}

// Only these count; "hand_over" ends like no plural form does.
const plural = /^(.+)_(zero|one|two|few|many|other)$/
const names = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort()
const parts: readonly [string, Tree, Record<string, Tree>][] = [
  ['start', en, { ar, en, es, hi, pt }],
  [
    'channels',
    channelsEn,
    { ar: channelsAr, en: channelsEn, es: channelsEs, hi: channelsHi, pt: channelsPt },
  ],
  ['manage', manageEn, { ar: manageAr, en: manageEn, es: manageEs, hi: manageHi, pt: managePt }],
]
const cases = parts.flatMap(([part, model, trees]) =>
  Object.entries(trees).map(([language, tree]) => ({ part, language, model, tree })),
)

describe.each(cases)('the texts of $part in $language', ({ language, model: of, tree }) => {
  const texts = flat(tree)
  const english = flat(of)
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories

  it('are complete, with every plural form of the language, and hold nothing else', () => {
    const wanted = new Set<string>()
    for (const key of english.keys()) {
      const counted = plural.exec(key)
      if (counted) for (const form of forms) wanted.add(`${counted[1]}_${form}`)
      else wanted.add(key)
    }
    expect([...texts.keys()].sort()).toEqual([...wanted].sort())
  })

  it('have the same gaps to fill as in English', () => {
    for (const [key, text] of texts) {
      const counted = plural.exec(key)
      const model = english.get(counted ? `${counted[1]}_other` : key) ?? ''
      // "one message" may say its number in words.
      const optional = counted ? names(model).filter((name) => name === 'count') : []
      expect([...new Set([...names(text), ...optional])].sort(), key).toEqual(names(model))
    }
  })

  it('leave no text empty', () => {
    for (const [key, text] of texts) expect(text.trim(), key).not.toBe('')
  })
})

it('gives no name to two texts of different parts', () => {
  const all = parts.flatMap(([, model]) => [...flat(model).keys()])
  expect(all.filter((key, index) => all.indexOf(key) !== index)).toEqual([])
})
