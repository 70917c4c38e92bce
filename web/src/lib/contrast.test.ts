import { describe, expect, it } from 'vitest'
import { contrast, mix, parseHex, type Rgb, readable, toHex } from './contrast.ts'

const white: Rgb = [255, 255, 255]
const black: Rgb = [0, 0, 0]

describe('contrast', () => {
  it('is 21 between black and white and 1 between a colour and itself', () => {
    expect(contrast(black, white)).toBeCloseTo(21)
    expect(contrast(white, white)).toBe(1)
  })
  it('does not depend on the order', () => {
    expect(contrast([0, 157, 235], white)).toBe(contrast(white, [0, 157, 235]))
  })
})

describe('parseHex', () => {
  it('reads six digits of either case', () => {
    expect(parseHex('#009DEB')).toEqual([0, 157, 235])
    expect(parseHex('#009deb')).toEqual([0, 157, 235])
  })
  it.each(['', '009DEB', '#09f', '#009DEB80', 'red', '#gggggg', 'url(#009DEB)'])('refuses %j', (text) => {
    expect(parseHex(text)).toBeUndefined()
  })
  it('is undone by toHex', () => {
    expect(toHex(parseHex('#0a1b2c') ?? black)).toBe('#0a1b2c')
  })
})

describe('readable', () => {
  it('leaves a colour alone that already is', () => {
    expect(readable([0, 0, 128], [white])).toEqual([0, 0, 128])
  })
  it('reaches 4.5:1 for every colour on a coarse cube, on light and on dark', () => {
    for (const background of [white, [245, 247, 250], [18, 26, 36], [11, 17, 24]] as Rgb[])
      for (let r = 0; r <= 255; r += 51)
        for (let g = 0; g <= 255; g += 51)
          for (let b = 0; b <= 255; b += 51)
            expect(contrast(readable([r, g, b], [background]), background)).toBeGreaterThanOrEqual(4.5)
  })
  it('moves the platform blue no further than it must', () => {
    const text = readable([0, 157, 235], [white])
    expect(contrast(text, white)).toBeLessThan(5)
  })
  it('gives the more readable end when no shade serves all backgrounds', () => {
    expect([black, white]).toContainEqual(readable([128, 128, 128], [black, [118, 118, 118], white]))
  })
})

describe('mix', () => {
  it('gives the ends at 0 and 1', () => {
    expect(mix(black, white, 0)).toEqual(black)
    expect(mix(black, white, 1)).toEqual(white)
  })
})
