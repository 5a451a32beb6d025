import { BusError } from '../errors/index.ts'

const INVALID = 0xff
const BLANK = 0xfe
const PAD = 0xfd
const classes = new Uint8Array(256).fill(INVALID)
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  classes[char.charCodeAt(0)] = value
}
for (const blank of ' \t\r\n') classes[blank.charCodeAt(0)] = BLANK
classes['='.charCodeAt(0)] = PAD

/**
 * Decodes Base64 (RFC 4648 section 4) and nothing else: the white space of XML may stand anywhere, padding must be there, no
 * other character may, and unused bits are zero (3.5). `name` is the attachment's, for the error.
 * @throws BusError LT_ATT_BAD_BASE64
 */
export function decodeBase64Strict(text: string, name = ''): Buffer {
  const source = Buffer.from(text, 'latin1')
  // A character outside latin1 would be cut to its low byte and could pass for a letter.
  if (source.length !== Buffer.byteLength(text, 'utf8') || !isBase64(source)) {
    throw new BusError('LT_ATT_BAD_BASE64', { name })
  }
  return Buffer.from(text, 'base64')
}

function isBase64(source: Uint8Array): boolean {
  let letters = 0
  let pads = 0
  let last = 0
  for (const byte of source) {
    const kind = classes[byte] as number
    if (kind < 64) {
      if (pads > 0) return false
      letters += 1
      last = kind
    } else if (kind === PAD) pads += 1
    else if (kind === INVALID) return false
  }
  if (pads > 2 || (letters + pads) % 4 !== 0) return false
  return pads === 0 || (letters % 4 !== 0 && (last & (pads === 2 ? 0x0f : 0x03)) === 0)
}
