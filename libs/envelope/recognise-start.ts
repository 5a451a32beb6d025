import { BusError } from '../errors/index.ts'

const BOM = [0xef, 0xbb, 0xbf]
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])
const LESS_THAN = 0x3c
/** How far into a MIME text its first part's namespace is looked for. */
const MIME_HEAD = 65_536

/**
 * Where the XML of a packet begins: behind a byte order mark and blank lines, which are tolerated.
 * @throws BusError LT_ENV_JUNK_BEFORE_PROLOG, LT_ENV_DIALECT_2803 and LT_ENV_DIALECT_SOAP for packets in MIME form
 */
export function startOfXml(bytes: Uint8Array): number {
  let at = BOM.every((byte, index) => bytes[index] === byte) ? BOM.length : 0
  const afterMark = at
  while (BLANKS.has(bytes[at] as number)) at += 1
  const first = bytes[at]
  // Only the parser can tell a wide encoding from junk; it refuses both.
  if (first === LESS_THAN || first === undefined || isWideText(bytes, at)) return at === afterMark ? 0 : at
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(MIME_HEAD, bytes.length - at)).toString(
    'latin1',
  )
  if (/^(?:--|Content-|MIME-Version:|Message-ID:)/i.test(head)) {
    if (/http:\/\/(?:www\.)?e-doc\.vn\//.test(head)) {
      throw new BusError('LT_ENV_DIALECT_SOAP', { namespace: 'http://www.e-doc.vn/Schema/' })
    }
    throw new BusError('LT_ENV_DIALECT_2803')
  }
  throw new BusError('LT_ENV_JUNK_BEFORE_PROLOG', { offset: at })
}

function isWideText(bytes: Uint8Array, at: number): boolean {
  const [a, b] = [bytes[at], bytes[at + 1]]
  return (a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe) || a === 0
}
