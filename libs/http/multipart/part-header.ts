import { broken } from './broken.ts'
import { type ParameterizedValue, parseParameters } from './parameters.ts'

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}):[ \t]{0,20}(.*)$/
const CONTENT_ID = /^<([\x21-\x3b\x3d\x3f-\x7e]{1,200})>$/
const NAME = /^[\x21-\x7e]{1,200}$/
/** Percent encoding can bring in what no header line may hold. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u
const MAX_FIELDS = 10

/** What the header of one part says. */
export interface PartHeader {
  readonly name: string | undefined
  /** Content-ID without its brackets; the name of the form field when there is no Content-ID. */
  readonly contentId: string
  readonly fileName: string | undefined
  /** In lower case, without parameters; `application/octet-stream` when not given. */
  readonly mediaType: string
}

/** Reads the header block of a part (RFC 2046 5.1, RFC 7578 4.2), refusing what two readers could read in two ways. */
export function readPartHeader(block: Buffer): PartHeader {
  const fields = readFields(block)
  const disposition = parameterized(fields, 'content-disposition')
  const type = parameterized(fields, 'content-type')
  const mediaType = type?.value ?? 'application/octet-stream'
  if (!/^[^/]{1,100}\/[^/]{1,100}$/.test(mediaType)) throw broken('a part has no proper Content-Type')
  if (mediaType.startsWith('multipart/') || mediaType.startsWith('message/')) throw broken('a part is itself multipart')
  const transfer = fields.get('content-transfer-encoding')?.toLowerCase() ?? 'binary'
  if (transfer !== 'binary' && transfer !== '8bit')
    throw broken('a part has a Content-Transfer-Encoding other than binary or 8bit')
  if ((fields.get('content-encoding')?.toLowerCase() ?? 'identity') !== 'identity') throw broken('a part is compressed')
  const name = disposition?.parameters.get('name')
  if (name !== undefined && !NAME.test(name)) throw broken('the name of a part has characters other than visible ASCII')
  const written = fields.get('content-id')
  const bracketed = written === undefined ? undefined : CONTENT_ID.exec(written)?.[1]
  if (written !== undefined && bracketed === undefined) throw broken('a Content-ID is not of the form <id>')
  const contentId = bracketed ?? name
  if (contentId === undefined) throw broken('a part has neither a Content-ID nor a name')
  return { name, contentId, fileName: disposition && fileNameOf(disposition.parameters), mediaType }
}

function readFields(block: Buffer): Map<string, string> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(block)
  } catch {
    throw broken('the header of a part is not UTF-8')
  }
  const fields = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const match = FIELD.exec(line)
    if (!match || hasControl(line)) throw broken('the header of a part has a line that is not a field')
    const name = (match[1] as string).toLowerCase()
    if (fields.has(name)) throw broken(`the header of a part has ${name} twice`)
    if (fields.size === MAX_FIELDS) throw broken(`the header of a part has more than ${MAX_FIELDS} fields`)
    fields.set(name, (match[2] as string).trim())
  }
  return fields
}

function hasControl(line: string): boolean {
  for (let at = 0; at < line.length; at++) {
    const unit = line.charCodeAt(at)
    if ((unit < 0x20 && unit !== 0x09) || unit === 0x7f) return true
  }
  return false
}

function parameterized(fields: Map<string, string>, name: string): ParameterizedValue | undefined {
  const text = fields.get(name)
  if (text === undefined) return undefined
  const read = parseParameters(text)
  if ('problem' in read) throw broken(`${name} of a part: ${read.problem}`)
  return read
}

function fileNameOf(parameters: ReadonlyMap<string, string>): string | undefined {
  const extended = parameters.get('filename*')
  const name = extended === undefined ? parameters.get('filename') : decodeExtended(extended)
  if (name !== undefined && CONTROL.test(name)) throw broken('the file name of a part has control characters')
  return name
}

function decodeExtended(text: string): string {
  const encoded = /^utf-8'[A-Za-z-]{0,20}'(.*)$/i.exec(text)?.[1]
  try {
    if (encoded !== undefined) return decodeURIComponent(encoded)
  } catch {
    throw broken('filename* of a part is not UTF-8 in percent encoding')
  }
  throw broken('filename* of a part is not UTF-8')
}
