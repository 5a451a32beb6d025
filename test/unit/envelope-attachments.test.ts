import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import t from 'tap'
import { ZipFile } from 'yazl'
import {
  type AttachmentLabel,
  decodeBase64Strict,
  extensionOf,
  matchAttachments,
  type PresentAttachment,
  safeFileName,
  sniffMediaType,
  unwrapAttachment,
} from '../../libs/envelope/index.ts'
import type { AttachmentEntry, BusinessAction } from '../../libs/model/index.ts'

const PDF = Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n')

async function zip(entries: Readonly<Record<string, Buffer | string>>): Promise<Buffer> {
  const file = new ZipFile()
  for (const [name, content] of Object.entries(entries)) file.addBuffer(Buffer.from(content), name)
  file.end()
  return buffer(file.outputStream as NodeJS.ReadableStream)
}

t.test('Base64 is decoded strictly', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 80 }), (bytes, width) => {
      const encoded = Buffer.from(bytes).toString('base64')
      const lines = encoded.replace(new RegExp(`.{${width}}`, 'g'), '$&\r\n')
      return decodeBase64Strict(` ${lines}\t`).equals(bytes)
    }),
  )
  t.same(decodeBase64Strict(''), Buffer.alloc(0))
  for (const bad of [
    'A',
    'AA',
    'AAA',
    'AAAAA',
    'AA=',
    'AA=A',
    'A===',
    'AAAA=',
    'AAAA====',
    '=',
    '====',
    'AA-_',
    'AA,A',
    'AAAÁ',
    'AAA\u0141',
    'AA\u00a0AA',
    'QR==',
    'QUJ=',
    '\u00a0AAAA',
    'AAAA\ufeff',
    'AAAA\u000b',
    '{file}',
  ]) {
    t.throws(() => decodeBase64Strict(bad, 'a.pdf'), { code: 'LT_ATT_BAD_BASE64', params: { name: 'a.pdf' } }, bad)
  }
})

t.test('media types come from the bytes', async (t) => {
  const types: [Buffer, string][] = [
    [PDF, 'application/pdf'],
    [Buffer.concat([Buffer.from('\n\n'), PDF]), 'application/pdf'],
    [Buffer.from('d0cf11e0a1b11ae100', 'hex'), 'application/x-ole-storage'],
    [Buffer.from('89504e470d0a1a0a00', 'hex'), 'image/png'],
    [Buffer.from('ffd8ffe000', 'hex'), 'image/jpeg'],
    [Buffer.from('{\\rtf1'), 'application/rtf'],
    [Buffer.from('MZ\u0090'), 'application/vnd.microsoft.portable-executable'],
    [Buffer.from('<?xml version="1.0"?><a/>'), 'application/xml'],
    [Buffer.from('<!DOCTYPE html>'), 'text/html'],
    [Buffer.from('Văn bản'), 'text/plain'],
    [Buffer.from('Văn bả').subarray(0, 8), 'text/plain'],
    [Buffer.from([1, 2, 3, 255]), 'application/octet-stream'],
    [Buffer.alloc(0), 'application/octet-stream'],
    [await zip({ 'a.txt': 'x' }), 'application/zip'],
  ]
  for (const [bytes, expected] of types) t.equal(sniffMediaType(bytes), expected)
})

t.test('a file in a zip of one entry is recognised as wrapped', async (t) => {
  const look = async (bytes: Buffer, label: AttachmentLabel): Promise<readonly unknown[]> => {
    const { mediaType, wrapped, innerName } = await unwrapAttachment(bytes, label)
    return [mediaType, wrapped, innerName]
  }
  const uuid = '7a71a0ee-2f35-400d-ac99-811d478eb158'
  const wrappedPdf = await zip({ [`${uuid}.pdf`]: PDF })
  const facts = await unwrapAttachment(wrappedPdf, { name: 'Công văn.pdf', declaredType: 'application/pdf' })
  t.match(facts, {
    mediaType: 'application/pdf',
    wrapped: true,
    innerName: 'Công văn.pdf',
    innerSize: PDF.length,
    innerSha256: createHash('sha256').update(PDF).digest('hex'),
    warnings: [],
  })
  t.same(await look(wrappedPdf, { name: 'a.PDF', declaredType: 'text/plain' }), ['application/pdf', true, 'a.PDF'])
  t.same(
    await look(await zip({ [`${uuid}.edxml`]: '<edXML/>' }), { name: 'a.doc', declaredType: 'application/zip' }),
    ['application/xml', true, `${uuid}.edxml`],
    'extensions may differ',
  )
  t.same(
    await look(await zip({ 'x.txt': 'x' }), { name: 'a.zip', declaredType: 'application/zip' }),
    ['application/zip', false, undefined],
    'a zip that is meant to be one',
  )
  t.same(
    await look(await zip({ 'a.pdf': PDF, 'b.pdf': PDF }), { name: 'a.pdf' }),
    ['application/zip', false, undefined],
    'two entries wrap nothing',
  )
  const docx = await zip({ '[Content_Types].xml': '<x/>', 'word/document.xml': '<x/>' })
  const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
  t.same(
    await look(docx, { name: 'a.docx', declaredType: word }),
    [word, false, undefined],
    'an office file is no wrapping',
  )
  t.same(
    await look(await zip({ 'a.docx': docx }), { name: 'a.docx' }),
    ['application/zip', true, 'a.docx'],
    'a wrapped one is',
  )
  t.same(await look(await zip({ 'doc.kml': '<kml/>' }), { name: 'a.kmz' }), ['application/zip', false, undefined])
  const folder = Buffer.from((await zip({ folderX: '' })).toString('latin1').replaceAll('folderX', 'folder/'), 'latin1')
  t.same(await look(folder, { name: 'a.pdf' }), ['application/zip', false, undefined])
  const onDisk = join(t.testdir(), 'a.bin')
  writeFileSync(onDisk, wrappedPdf)
  t.match(
    await unwrapAttachment(onDisk, { name: 'a.pdf' }),
    { wrapped: true, innerSha256: facts.innerSha256 },
    'the same from a file',
  )
  const evil = (await zip({ 'xx/xx/xx/etc.pdf': PDF })).toString('latin1').replaceAll('xx/xx/xx/', '../../../')
  t.equal(
    (await unwrapAttachment(Buffer.from(evil, 'latin1'), { name: 'a.doc' })).innerName,
    'etc.pdf',
    'entry names are no paths',
  )
  t.equal(
    (await unwrapAttachment(await zip({ 'x/MẬT.pdf': PDF }), { name: 'a.pdf' })).entryName,
    'MẬT.pdf',
    'the name inside is told, whatever the name outside',
  )
})

t.test('what is wrong with an attachment', async (t) => {
  const codes = async (bytes: Buffer, name: string, declaredType?: string): Promise<string[]> =>
    (await unwrapAttachment(bytes, { name, declaredType })).warnings.map(({ code }) => code)
  t.same(await codes(PDF, 'a.pdf', 'application/pdf'), [])
  t.same(await codes(PDF, 'a.pdf', 'application/x-pdf; q=1'), [])
  t.same(await codes(PDF, 'a.pdf'), [])
  t.same(await codes(PDF, 'a.doc', 'application/msword'), ['ATT_TYPE_MISMATCH'])
  const damaged = Buffer.from(
    Buffer.concat([Buffer.from('%PDF-1.3\n%'), Buffer.from('c4e5f2e5eba7f3a0d0c4c6', 'hex')]).toString('utf8'),
  )
  t.same(await codes(damaged, 'a.pdf', 'application/pdf'), ['ATT_UTF8_DAMAGED'])
  t.same(
    await codes(await zip({ 'a.pdf': damaged }), 'a.pdf', 'application/pdf'),
    ['ATT_UTF8_DAMAGED'],
    'inside its wrapping too',
  )
  const locked = await zip({ 'a.pdf': PDF })
  locked.writeUInt16LE(locked.readUInt16LE(6) | 1, 6)
  const directory = locked.indexOf('PK\u0001\u0002')
  locked.writeUInt16LE(locked.readUInt16LE(directory + 8) | 1, directory + 8)
  t.same(await codes(locked, 'a.pdf', 'application/zip'), ['ATT_ENCRYPTED'])

  const refused = async (bytes: Buffer, code: string, limits = {}): Promise<void> => {
    await t.rejects(unwrapAttachment(bytes, { name: 'a.pdf', limits }), { code, params: { name: 'a.pdf' } })
  }
  await refused(Buffer.alloc(0), 'LT_ATT_EMPTY')
  const whole = await zip({ 'a.pdf': Buffer.concat(Array.from({ length: 200 }, () => PDF)) })
  await refused(whole.subarray(0, whole.length - 30), 'LT_ATT_BROKEN_ZIP')
  await refused(whole.subarray(0, 40), 'LT_ATT_BROKEN_ZIP')
  const spoilt = Buffer.from(whole)
  spoilt[60] = (spoilt[60] as number) ^ 0xff
  await refused(spoilt, 'LT_ATT_BROKEN_ZIP')
  const wrongSum = Buffer.from(whole)
  const sumAt = wrongSum.indexOf('PK\u0001\u0002') + 16
  wrongSum.writeUInt32LE((wrongSum.readUInt32LE(sumAt) ^ 1) >>> 0, sumAt)
  await refused(wrongSum, 'LT_ATT_BROKEN_ZIP')
  await refused(whole, 'LT_ATT_ZIP_BOMB', { maxExpandedBytes: 1000 })
  await refused(await zip({ 'a.pdf': Buffer.alloc(40_000_000) }), 'LT_ATT_ZIP_BOMB')
  await refused(await zip({ a: 'x', b: 'x', c: 'x' }), 'LT_ATT_ZIP_BOMB', { maxEntries: 2 })
  const two = await zip({ 'a.pdf': Buffer.concat([PDF, Buffer.alloc(3_000_000)]), 'b.pdf': PDF })
  const directoryOf = (bytes: Buffer): number => bytes.indexOf('PK\u0001\u0002')
  const lying = Buffer.from(two)
  lying.writeUInt32LE(20, directoryOf(lying) + 24)
  await refused(lying, 'LT_ATT_BROKEN_ZIP')
  const boasting = Buffer.from(two)
  boasting.writeUInt32LE(4_000_000, directoryOf(boasting) + 24)
  await refused(boasting, 'LT_ATT_BROKEN_ZIP')
  const zeroed = Buffer.from(two)
  zeroed.fill(0, 60, 300)
  await refused(zeroed, 'LT_ATT_BROKEN_ZIP')
  const prefixed = Buffer.concat([Buffer.from('#!/bin/sh\n'), zeroed])
  for (const label of [{ name: 'a.zip' }, { name: 'a.docx' }, { name: 'a.bin', declaredType: 'application/x-zip' }]) {
    await t.rejects(unwrapAttachment(prefixed, label), { code: 'LT_ATT_BROKEN_ZIP' }, `bytes in front, ${label.name}`)
    const path = join(t.testdir(), 'prefixed.bin')
    writeFileSync(path, prefixed)
    await t.rejects(unwrapAttachment(path, label), { code: 'LT_ATT_BROKEN_ZIP' })
  }
  t.match(await unwrapAttachment(PDF, { name: 'a.zip' }), { mediaType: 'application/pdf', wrapped: false })
  const strange = Buffer.from(two)
  strange.writeUInt16LE(14, strange.indexOf('PK\u0001\u0002') + 10)
  strange.writeUInt16LE(14, 8)
  t.same(await codes(strange, 'a.zip'), ['ATT_ZIP_UNCHECKED'])
  const liar = await zip({ 'a.pdf': Buffer.alloc(3_000_000) })
  liar.writeUInt32LE(100, liar.indexOf('PK\u0001\u0002') + 24)
  await refused(liar, 'LT_ATT_BROKEN_ZIP')
})

t.test('file names are made safe', async (t) => {
  const names: [string, string][] = [
    ['Công văn số 12.pdf', 'Công văn số 12.pdf'],
    ['C:\\Users\\a\\van ban.doc', 'van ban.doc'],
    ['../../etc/passwd', 'passwd'],
    ['a\u0000b\n.pdf', 'ab.pdf'],
    ['hoadon\u202efdp.exe', 'hoadonfdp.exe'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['com1.tar.gz', '_com1.tar.gz'],
    ['a<b>:"|?*.pdf', 'ab.pdf'],
    ['.htaccess', 'htaccess'],
    ['ten.pdf. . .', 'ten.pdf'],
    ['...', 'attachment'],
    ['', 'attachment'],
    ['a/', 'attachment'],
    ['e\u0302\u0301.pdf', 'ế.pdf'],
  ]
  for (const [name, safe] of names) t.equal(safeFileName(name), safe, JSON.stringify(name))
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
      const safe = safeFileName(name)
      return (
        safe !== '' && Buffer.byteLength(safe) <= 255 && !/[/\\\u0000-\u001f]/.test(safe) && safeFileName(safe) === safe
      )
    }),
  )
  t.equal(extensionOf('A.Tar.GZ'), 'gz')
  t.equal(extensionOf('no extension'), '')
})

t.test('manifest and attachments are matched one to one', async (t) => {
  const action: BusinessAction = { type: 'new', paper: false, receivers: [], replaces: [] }
  const entries: AttachmentEntry[] = [
    { contentId: 'a', name: 'a.pdf' },
    { contentId: 'b', name: 'b.pdf' },
  ]
  const match = (present: PresentAttachment[], door: 'native' | 'compatible' = 'native', business = action) => {
    const { matches, problems } = matchAttachments({ attachments: entries, business }, present, door)
    return {
      pairs: matches.map(({ entry, attachment, by }) => `${entry.contentId}=${present.indexOf(attachment)} ${by}`),
      problems: problems.map(({ code, severity, params }) => `${code} ${severity} ${params.name}`),
    }
  }
  const named = (contentId: string, name: string): PresentAttachment => ({ contentId, name })
  t.same(match([named('<cid:b>', 'x'), named('cid:a', 'y')]), {
    pairs: ['a=1 contentId', 'b=0 contentId'],
    problems: [],
  })
  t.same(match([named('', 'b.pdf'), named('zzz', 'a.pdf')]), { pairs: ['a=1 name', 'b=0 name'], problems: [] })
  t.same(match([named('1', 'x.pdf'), named('2', 'y.pdf')]), { pairs: ['a=0 order', 'b=1 order'], problems: [] })
  t.same(match([named('a', 'a.pdf')]), { pairs: ['a=0 contentId'], problems: ['LT_ATT_MISSING refuse b.pdf'] })
  t.same(
    match([named('a', 'a.pdf')], 'native', { ...action, type: 'recall' }).problems,
    [],
    'a recall may leave files out',
  )
  const surplus = [named('a', 'a.pdf'), named('b', 'b.pdf'), named('b', 'c.pdf')]
  t.same(match(surplus), { pairs: ['a=0 contentId', 'b=1 contentId'], problems: ['LT_ATT_UNLISTED refuse c.pdf'] })
  t.same(match(surplus, 'compatible'), {
    pairs: ['a=0 contentId', 'b=1 contentId', 'unlisted-1=2 unlisted'],
    problems: ['LT_ATT_UNLISTED warn c.pdf'],
  })
  const same = Array.from({ length: 20_000 }, () => named('a', 'a.pdf'))
  const begun = performance.now()
  const crowd = matchAttachments({ attachments: entries, business: action }, same, 'compatible')
  t.ok(performance.now() - begun < 500, `${(performance.now() - begun).toFixed(0)} ms for 20,000 that nobody listed`)
  t.equal(new Set(crowd.matches.map(({ entry }) => entry.contentId)).size, crowd.matches.length, 'each with its own id')
  const guessed = matchAttachments(
    { attachments: entries, business: action },
    [named('1', 'a.pdf'), named('2', 'y.pdf')],
    'native',
  )
  t.same(
    guessed.warnings.map(({ code, params }) => `${code} ${params?.name}`),
    ['ATT_MATCHED_BY_NAME a.pdf', 'ATT_MATCHED_BY_ORDER b.pdf'],
  )
})
