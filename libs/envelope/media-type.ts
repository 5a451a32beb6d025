import { isUtf8 } from 'node:buffer'

/** Bytes that `sniffMediaType` and the damage check want to see. */
export const HEAD_BYTES = 4096

const OCTETS = 'application/octet-stream'
const OFFICE = 'application/vnd.openxmlformats-officedocument.'

const MAGIC: readonly (readonly [hex: string, mediaType: string])[] = [
  ['255044462d', 'application/pdf'],
  ['d0cf11e0a1b11ae1', 'application/x-ole-storage'],
  ['89504e470d0a1a0a', 'image/png'],
  ['ffd8ff', 'image/jpeg'],
  ['474946383761', 'image/gif'],
  ['474946383961', 'image/gif'],
  ['49492a00', 'image/tiff'],
  ['4d4d002a', 'image/tiff'],
  ['424d', 'image/bmp'],
  ['7b5c727466', 'application/rtf'],
  ['526172211a07', 'application/vnd.rar'],
  ['377abcaf271c', 'application/x-7z-compressed'],
  ['1f8b08', 'application/gzip'],
  ['4d5a', 'application/vnd.microsoft.portable-executable'],
  ['7f454c46', 'application/x-elf'],
]

/**
 * The media type of a file by its first bytes (`HEAD_BYTES` are enough); labels and names in real packets are often
 * wrong. `application/octet-stream` when nothing is known, `application/x-ole-storage` for doc, xls and ppt alike.
 */
export function sniffMediaType(head: Uint8Array): string {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, HEAD_BYTES))
  const start = bytes.toString('hex', 0, 8)
  const known = MAGIC.find(([hex]) => start.startsWith(hex))
  if (known) return known[1]
  if (start.startsWith('504b0304') || start.startsWith('504b0506')) return sniffZip(bytes)
  // Readers of PDF accept up to 1024 bytes in front of the header.
  if (bytes.subarray(0, 1024).includes('%PDF-')) return 'application/pdf'
  return sniffText(bytes)
}

/** Office and OpenDocument files are zips that begin with known entries. */
function sniffZip(bytes: Buffer): string {
  const firstName = bytes.toString('latin1', 30, 30 + Math.min(bytes.length < 28 ? 0 : bytes.readUInt16LE(26), 80))
  if (firstName === 'mimetype') {
    const type = /^application\/[\w.+-]{1,80}?(?=PK)/.exec(bytes.toString('latin1', 38, 140))
    return type?.[0] ?? 'application/zip'
  }
  return officeTypeOfEntry(firstName) ?? 'application/zip'
}

function sniffText(bytes: Buffer): string {
  if (bytes.length === 0) return OCTETS
  // The head may end inside a character of up to four bytes.
  const whole = [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, bytes.length - cut)))
  if (!whole || bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32))) return OCTETS
  const text = bytes.toString('utf8').trimStart()
  if (/^(?:\ufeff)?<\?xml\s|^<(?:\w+:)?edXML/i.test(text)) return 'application/xml'
  return /^<(?:!doctype html|html)/i.test(text) ? 'text/html' : 'text/plain'
}

/** Whether a PDF went through a UTF-8 decoder on its way: its bytes were replaced by U+FFFD and are lost. */
export function isDamagedPdf(head: Uint8Array): boolean {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, HEAD_BYTES))
  return bytes.includes('%PDF-') && bytes.includes('\ufffd\ufffd')
}

const OFFICE_KINDS = {
  word: 'wordprocessingml.document',
  xl: 'spreadsheetml.sheet',
  ppt: 'presentationml.presentation',
}
const OFFICE_LABELS: readonly string[] = [
  ...Object.values(OFFICE_KINDS).map((kind) => OFFICE + kind),
  ...['application/docx', 'application/xlsx', 'application/xslx', 'application/pptx'],
]

/** The office format a zip is by the name of one of its entries (`word/document.xml`), or `undefined`. */
export function officeTypeOfEntry(entryName: string): string | undefined {
  const folder = /^(word|xl|ppt)\//.exec(entryName)?.[1]
  return folder === undefined ? undefined : OFFICE + OFFICE_KINDS[folder as keyof typeof OFFICE_KINDS]
}

/** Types that say the same, or too little to contradict: a label is only reported as wrong when it is. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'application/pdf': ['application/x-pdf'],
  // The head of a zip does not always tell that it is an office file.
  'application/zip': ['application/x-zip-compressed', 'application/x-zip', ...OFFICE_LABELS],
  'application/x-ole-storage': [
    'application/msword',
    'application/vnd.ms-excel',
    'application/vnd.ms-powerpoint',
    'application/doc',
    'application/xls',
    'application/xsl',
    'application/ppt',
  ],
  [`${OFFICE}wordprocessingml.document`]: ['application/docx', 'application/msword'],
  [`${OFFICE}spreadsheetml.sheet`]: ['application/xlsx', 'application/xslx', 'application/vnd.ms-excel'],
  [`${OFFICE}presentationml.presentation`]: ['application/pptx', 'application/vnd.ms-powerpoint'],
  'image/jpeg': ['image/jpg', 'application/jpg', 'application/jpeg'],
  'image/png': ['application/png'],
  'application/xml': ['text/xml', 'text/plain', 'application/edxml'],
  'application/rtf': ['text/rtf', 'application/msword'],
}

/** Whether a declared media type fits what the bytes are; an absent label and `application/octet-stream` always fit. */
export function fitsDeclaredType(declared: string | undefined, found: string): boolean {
  const label = (declared ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (label === '' || label === OCTETS || label === found || found === OCTETS) return true
  const aliases = Object.hasOwn(ALIASES, found) ? (ALIASES[found] as readonly string[]) : []
  return aliases.includes(label) || (found === 'text/plain' && (label.startsWith('text/') || label.endsWith('xml')))
}
