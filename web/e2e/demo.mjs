// What the running demo says of itself, and business facts that nobody has seen before.
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'

/** `flomastr demo --json`; E2E_BINARY names another binary than bin/flomastr. */
export function demo() {
  const binary = process.env.E2E_BINARY ?? fileURLToPath(new URL('../../bin/flomastr', import.meta.url))
  return JSON.parse(execFileSync(binary, ['demo', '--json'], { encoding: 'utf8' }))
}

const syllables = ['zor', 'bla', 'mik', 'tuv', 'pel', 'dra', 'kun', 'fas', 'gim', 'rho']
const pick = () => syllables[randomInt(syllables.length)]

/** A word that is in no dictionary and in no knowledge. */
export const newWord = () => `${pick()}${pick()}${pick()}${randomInt(10, 99)}`

/** A price that no document holds. */
export const newPrice = () => `${randomInt(1000, 9999)}.${randomInt(10, 99)}`

/** A web page about a thing and its price. */
export const page = (
  thing,
  price,
) => `<!doctype html><html lang="en"><head><title>The ${thing} service</title></head><body><main>
<h1>The ${thing} service</h1>
<p>This page tells our customers everything about the ${thing}. We have looked after it for many years, and our workshop is proud of that.</p>
<h2>Price</h2>
<p>A full ${thing} service costs ${price} dirhams, parts and labour included.</p>
<h2>How long it takes</h2>
<p>A ${thing} service takes three working days; we call you when it is ready.</p></main></body></html>`

/** A PDF of one page with these lines, as small as the format allows. */
export function pdf(lines) {
  const escaped = lines.map((line) => line.replace(/[\\()]/g, '\\$&'))
  const text = `BT /F1 12 Tf 60 780 Td 16 TL ${escaped.map((line) => `(${line}) Tj T*`).join(' ')} ET`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ]
  let body = '%PDF-1.4\n'
  const offsets = objects.map((object, index) => {
    const at = body.length
    body += `${index + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const entries = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')
  const xref = body.length
  body += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}`
  body += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${xref}\n%%EOF\n`
  return Buffer.from(body, 'latin1')
}
