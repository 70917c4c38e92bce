// Colours that a tenant chooses, made readable. WCAG 2.2 asks 4.5:1 of text; a tenant may pick any colour at all, so the
// colour is moved towards black or white, as little as will do, and never the rule.

/** A colour as red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number]

const black: Rgb = [0, 0, 0]
const white: Rgb = [255, 255, 255]

/** Reads "#RRGGBB"; anything else is no colour. */
export function parseHex(hex: string): Rgb | undefined {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex)
  if (!match) return undefined
  return [
    Number.parseInt(match[1] ?? '', 16),
    Number.parseInt(match[2] ?? '', 16),
    Number.parseInt(match[3] ?? '', 16),
  ]
}

export function toHex(color: Rgb): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}

/** Relative luminance by WCAG 2.2, 0 to 1. */
export function luminance(color: Rgb): number {
  const [r, g, b] = color.map((part) => {
    const channel = part / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Contrast of two colours by WCAG 2.2, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** `amount` of b in a, rounded to what a screen can show. */
export function mix(a: Rgb, b: Rgb, amount: number): Rgb {
  const part = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * amount)
  return [part(0), part(1), part(2)]
}

/** The colour nearest to `color` that has `ratio` against every one of `backgrounds`. */
export function readable(color: Rgb, backgrounds: readonly Rgb[], ratio = 4.5): Rgb {
  const enough = (candidate: Rgb) =>
    backgrounds.every((background) => contrast(candidate, background) >= ratio)
  if (enough(color)) return color
  for (let step = 1; step <= 50; step++) {
    for (const goal of [black, white]) {
      const candidate = mix(color, goal, step / 50)
      if (enough(candidate)) return candidate
    }
  }
  // No shade serves backgrounds that lie far apart; the better of the two ends is then the most readable there is.
  const worst = (candidate: Rgb) =>
    Math.min(...backgrounds.map((background) => contrast(candidate, background)))
  return worst(black) > worst(white) ? black : white
}
