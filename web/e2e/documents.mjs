// Documents of every kind that the brain reads, made of text: each holds one fact among words that all of them share, under a
// name that tells nothing of it.
import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { newPrice, pdf } from './demo.mjs'

const nouns =
  'accordion,anvil,barometer,blender,cello,chainsaw,compressor,dishwasher,drone,easel,gazebo,generator,greenhouse,hammock,harpsichord,incubator,jukebox,kayak,kiln,ladder,lawnmower,loom,marquee,metronome,microscope,parasol,periscope,projector,scooter,sledge,snorkel,sundial,surfboard,tandem,telescope,trampoline,tripod,typewriter,unicycle,wheelbarrow,xylophone,zither'.split(
    ',',
  )

// What is asked is not worded as the document words it.
const facts = [
  (noun, price = newPrice()) => ({
    sentence: `A day's hire of the ${noun} costs ${price} dirhams.`,
    question: `How much is it to hire the ${noun} for one day?`,
    answer: price,
  }),
  (noun, months = `${randomInt(61, 400)} months`) => ({
    sentence: `We guarantee every ${noun} for ${months}.`,
    question: `How long is the guarantee on the ${noun}?`,
    answer: months,
  }),
  (noun, time = `${randomInt(10, 20)}:${randomInt(10, 60)}`) => ({
    sentence: `The course on the ${noun} begins at ${time} on weekdays.`,
    question: `When does the ${noun} course start?`,
    answer: time,
  }),
  (noun, weight = `${randomInt(100, 999)}.${randomInt(1, 9)}`) => ({
    sentence: `Packed for the post, the ${noun} weighs ${weight} kilograms.`,
    question: `What is the weight of the ${noun}?`,
    answer: weight,
  }),
  (noun, code = `ZQ-${randomInt(10_000, 99_999)}`) => ({
    sentence: `Ask for article ${code} when you order the ${noun}.`,
    question: `Which article number does the ${noun} have?`,
    answer: code,
  }),
]

const foreign = {
  es: (noun, price = newPrice()) => ({
    sentence: `El alquiler diario de la ${noun} cuesta ${price} dírhams; el depósito se devolverá mañana.`,
    question: `¿Cuánto cuesta alquilar la ${noun}?`,
    answer: price,
  }),
  pt: (noun, price = newPrice()) => ({
    sentence: `A manutenção da ${noun} custa ${price} dirhams por mês.`,
    question: `Quanto custa a manutenção da ${noun}?`,
    answer: price,
  }),
  ar: (noun, price = newPrice()) => ({
    sentence: `تكلفة إصلاح ${noun} هي ${price} درهمًا.`,
    question: `كم تكلفة إصلاح ${noun}؟`,
    answer: price,
  }),
  hi: (noun, price = newPrice()) => ({
    sentence: `${noun} की मरम्मत का दाम ${price} दिरहम है।`,
    question: `${noun} की मरम्मत का दाम क्या है?`,
    answer: price,
  }),
}
const foreignNouns = {
  es: ['cámara frigorífica', 'hormigonera'],
  pt: ['máquina de café', 'colheitadeira'],
  ar: ['الساعة الجدارية', 'المكنسة الكهربائية'],
  hi: ['पुरानी घड़ी', 'सिलाई मशीन'],
}

const around = [
  'This sheet belongs to the binder in the office.',
  'Please put it back when you have read it.',
]

const escaped = (text) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])

/** An archive whose parts are stored as they are. */
function zip(parts) {
  const records = []
  const directory = []
  let offset = 0
  for (const [name, content] of Object.entries(parts)) {
    const path = Buffer.from(name)
    const body = Buffer.from(content)
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0) // version that is needed
    shared.writeUInt16LE(0x0800, 2) // names are UTF-8
    shared.writeUInt16LE(0x21, 8) // the first day of 1980
    shared.writeUInt32LE(crc32(body), 10)
    shared.writeUInt32LE(body.length, 14)
    shared.writeUInt32LE(body.length, 18)
    shared.writeUInt16LE(path.length, 22)
    const record = Buffer.concat([Buffer.from('PK\x03\x04'), shared, path, body])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), shared, place, path]))
    records.push(record)
    offset += record.length
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(records.length, 4)
  end.writeUInt16LE(records.length, 6)
  end.writeUInt32LE(index.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...records, index, Buffer.from('PK\x05\x06'), end])
}

const xml = (text) => `<?xml version="1.0" encoding="UTF-8"?>${text}`
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const relations = (...list) =>
  xml(
    `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${list
      .map(([id, type, target]) => `<Relationship Id="${id}" Type="${office}/${type}" Target="${target}"/>`)
      .join('')}</Relationships>`,
  )
const types = (...list) =>
  xml(
    `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${list
      .map(
        ([part, type]) =>
          `<Override PartName="${part}" ContentType="application/vnd.openxmlformats-officedocument.${type}+xml"/>`,
      )
      .join('')}</Types>`,
  )

function docx(lines) {
  const body = lines.map((line) => `<w:p><w:r><w:t>${escaped(line)}</w:t></w:r></w:p>`).join('')
  return zip({
    '[Content_Types].xml': types(['/word/document.xml', 'wordprocessingml.document.main']),
    '_rels/.rels': relations(['r1', 'officeDocument', 'word/document.xml']),
    'word/document.xml': xml(
      `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
    ),
  })
}

function pptx(lines) {
  const names = `xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="${office}" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"`
  const text = lines.map((line) => `<a:p><a:r><a:t>${escaped(line)}</a:t></a:r></a:p>`).join('')
  return zip({
    '[Content_Types].xml': types(
      ['/ppt/presentation.xml', 'presentationml.presentation.main'],
      ['/ppt/slides/s1.xml', 'presentationml.slide'],
    ),
    '_rels/.rels': relations(['r1', 'officeDocument', 'ppt/presentation.xml']),
    'ppt/presentation.xml': xml(
      `<p:presentation ${names}><p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>`,
    ),
    'ppt/_rels/presentation.xml.rels': relations(['r1', 'slide', 'slides/s1.xml']),
    'ppt/slides/s1.xml': xml(
      `<p:sld ${names}><p:cSld><p:spTree><p:sp><p:nvSpPr><p:nvPr/></p:nvSpPr><p:txBody>${text}</p:txBody></p:sp></p:spTree></p:cSld></p:sld>`,
    ),
  })
}

function xlsx(lines) {
  const rows = lines
    .map(
      (line, index) =>
        `<row r="${index + 1}"><c r="A${index + 1}"><v>${index + 1}</v></c><c r="B${index + 1}" t="inlineStr"><is><t>${escaped(line)}</t></is></c></row>`,
    )
    .join('')
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
  return zip({
    '[Content_Types].xml': types(
      ['/xl/workbook.xml', 'spreadsheetml.sheet.main'],
      ['/xl/worksheets/sheet1.xml', 'spreadsheetml.worksheet'],
    ),
    '_rels/.rels': relations(['r1', 'officeDocument', 'xl/workbook.xml']),
    'xl/workbook.xml': xml(
      `<workbook ${main} xmlns:r="${office}"><sheets><sheet name="Binder" sheetId="1" r:id="r1"/></sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': relations(['r1', 'worksheet', 'worksheets/sheet1.xml']),
    'xl/worksheets/sheet1.xml': xml(`<worksheet ${main}><sheetData>${rows}</sheetData></worksheet>`),
  })
}

function openDocument(kind, body) {
  const type = `application/vnd.oasis.opendocument.${kind}`
  const names = ['office', 'table', 'text']
    .map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`)
    .join(' ')
  return zip({
    mimetype: type,
    'content.xml': xml(
      `<office:document-content ${names} office:version="1.2"><office:body>${body}</office:body></office:document-content>`,
    ),
    'styles.xml': xml(
      `<office:document-styles ${names}><office:font-face-decls/><office:styles/><office:automatic-styles/><office:master-styles/></office:document-styles>`,
    ),
    'META-INF/manifest.xml': xml(
      `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="${type}"/></manifest:manifest>`,
    ),
  })
}

const odt = (lines) =>
  openDocument(
    'text',
    `<office:text>${lines.map((line) => `<text:p>${escaped(line)}</text:p>`).join('')}</office:text>`,
  )

function ods(lines) {
  const cell = (text) =>
    `<table:table-cell office:value-type="string"><text:p>${escaped(text)}</text:p></table:table-cell>`
  const rows = lines.map(
    (line, index) => `<table:table-row>${cell(`${index + 1}`)}${cell(line)}</table:table-row>`,
  )
  return openDocument(
    'spreadsheet',
    `<office:spreadsheet><table:table table:name="Binder">${rows.join('')}</table:table></office:spreadsheet>`,
  )
}

const epub = (lines) =>
  zip({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': xml(
      '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
    ),
    'book.opf': xml(
      '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Binder</dc:title><dc:language>en</dc:language></metadata><manifest><item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="one"/></spine></package>',
    ),
    'one.xhtml': xhtml(lines),
  })

const paragraphs = (lines) => lines.map((line) => `<p>${escaped(line)}</p>`).join('')
const html = (lines) =>
  `<!doctype html><html><head><title>Binder</title></head><body><main><h1>Binder</h1>${paragraphs(lines)}</main></body></html>`
const xhtml = (lines) =>
  xml(
    `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Binder</title></head><body><h1>Binder</h1>${paragraphs(lines)}</body></html>`,
  )
const table = (separator) => (lines) =>
  [['Sheet', 'Text'], ...lines.map((line, index) => [index + 1, `"${line.replaceAll('"', '""')}"`])]
    .map((row) => row.join(separator))
    .join('\n')
const mailHead = 'From: desk@example.com\r\nTo: all@example.com\r\nSubject: Binder\r\nMIME-Version: 1.0\r\n'
const swapped = (text) => Buffer.from(text, 'utf16le').swap16()

const makers = [
  ['md', (lines) => `# Binder\n\n${lines.join('\n\n')}\n`],
  ['txt', (lines) => lines.join('\r\n')],
  ['html', html],
  ['xhtml', xhtml],
  ['pdf', (lines) => pdf(lines)],
  ['docx', docx],
  ['odt', odt],
  ['rtf', (lines) => `{\\rtf1\\ansi ${lines.join('\\par ')}\\par}`],
  ['epub', epub],
  ['pptx', pptx],
  ['xlsx', xlsx],
  ['ods', ods],
  ['csv', table(',')],
  ['csv', table(';')],
  ['tsv', table('\t')],
  ['json', (lines) => JSON.stringify({ binder: lines.map((text, sheet) => ({ sheet, text })) }, null, 1)],
  ['ndjson', (lines) => lines.map((text, sheet) => JSON.stringify({ sheet, text })).join('\n')],
  [
    'xml',
    (lines) =>
      xml(`<binder>${lines.map((line) => `<sheet><text>${escaped(line)}</text></sheet>`).join('')}</binder>`),
  ],
  ['eml', (lines) => `${mailHead}Content-Type: text/plain; charset=utf-8\r\n\r\n${lines.join('\r\n\r\n')}`],
  [
    'eml',
    (lines) =>
      `${mailHead}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSee what is attached.\r\n--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=sheet.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${pdf(lines).toString('base64')}\r\n--x--\r\n`,
  ],
  ['zip', (lines) => zip({ 'read.md': around.join('\n\n'), 'in/sheet.docx': docx(lines) })],
  ['txt', (lines) => Buffer.from(lines.join('\n'), 'latin1'), 'es'],
  ['txt', (lines) => Buffer.from(`\ufeff${lines.join('\r\n')}`, 'utf16le'), 'pt'],
  ['txt', (lines) => swapped(`\ufeff${lines.join('\r\n')}`), 'ar'],
  ['txt', (lines) => `\ufeff${lines.join('\n')}`, 'hi'],
]

/** Fifty of them, every kind twice: name, bytes, and the question that its fact answers. */
export function fiftyDocuments() {
  return Array.from({ length: 2 * makers.length }, (_, index) => {
    const [ending, make, language] = makers[index % makers.length]
    const fact = language
      ? foreign[language](foreignNouns[language][index < makers.length ? 0 : 1])
      : facts[index % facts.length](nouns[index % nouns.length])
    const title = `sheet-${index + 1}`
    return {
      ...fact,
      title,
      name: `${title}.${ending}`,
      buffer: Buffer.from(make([around[0], fact.sentence, around[1]])),
    }
  })
}
