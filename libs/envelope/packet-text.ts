import { BusError } from '../errors/index.ts'
import { ENVELOPE_ID, QCVN_102 } from './wire-names.ts'

/** What XML 1.0 cannot hold, not even as a character reference. */
const ILLEGAL =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
}

/**
 * Builds the text of a packet in the one form we write: UTF-8, two spaces, prefix `edXML` on everything inside the
 * envelope because several readers look elements up by that literal prefix. Absent and empty values are left out.
 */
export class PacketText {
  readonly #parts: (string | Buffer)[] = ['<?xml version="1.0" encoding="UTF-8"?>\n']
  readonly #open: string[] = []

  /** Opens the root and the envelope, whose `xml:id` a signature can point at. */
  constructor() {
    this.open('edXML', ` xmlns="${QCVN_102}"`)
    this.open('edXML:edXMLEnvelope', ` xmlns:edXML="${QCVN_102}" xml:id="${ENVELOPE_ID}"`)
  }

  open(name: string, attributes = ''): void {
    this.#parts.push(`${this.#indent()}<${name}${attributes}>\n`)
    this.#open.push(name)
  }

  close(): void {
    const name = this.#open.pop()
    this.#parts.push(`${this.#indent()}</${name}>\n`)
  }

  group(name: string, write: () => void, attributes = ''): void {
    this.open(name, attributes)
    write()
    this.close()
  }

  /** @throws BusError LT_ENV_DRAFT_INVALID for characters that XML cannot hold */
  leaf(name: string, value: string | number | undefined, attributes = ''): void {
    const text = String(value ?? '').trim()
    if (text === '') return
    if (ILLEGAL.test(text)) throw new BusError('LT_ENV_DRAFT_INVALID', { field: name.replace('edXML:', '') })
    const escaped = text.replace(/[&<>"\r]/g, (char) => ESCAPES[char] as string)
    this.#parts.push(`${this.#indent()}<${name}${attributes}>${escaped}</${name}>\n`)
  }

  /** Attachment content; it is encoded at once, so the packet is held in memory. */
  base64(name: string, bytes: Uint8Array, attributes: string): void {
    const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    this.#parts.push(`${this.#indent()}<${name}${attributes}>`, Buffer.from(encoded, 'latin1'), `</${name}>\n`)
  }

  finish(): Buffer {
    while (this.#open.length > 0) this.close()
    return Buffer.concat(this.#parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  }

  #indent(): string {
    return '  '.repeat(this.#open.length)
  }
}
