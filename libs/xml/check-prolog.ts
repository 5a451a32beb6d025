import { BusError } from '../errors/index.ts'

const DECLARATION_MAX = 256
const LT = 0x3c

/**
 * Reads what stands before the root element: refuses other encodings than UTF-8, other versions than 1.0 and any DOCTYPE
 * (which can stand nowhere else), so that the parser never meets a document type.
 */
export function checkProlog(bytes: Buffer): void {
  let at = 0
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3
  else if (startsAsWideText(bytes)) throw new BusError('LT_ENV_ENCODING', { encoding: 'UTF-16' })
  if (bytes.toString('latin1', at, at + 5) === '<?xml' && isSpace(bytes[at + 5])) checkDeclaration(bytes, at)
  for (;;) {
    while (isSpace(bytes[at])) at += 1
    if (bytes[at] !== LT) return
    const head = bytes.toString('latin1', at, at + 9)
    const close = head.startsWith('<!--') ? '-->' : head.startsWith('<?') ? '?>' : undefined
    if (close === undefined) {
      if (head.toUpperCase() === '<!DOCTYPE') throw new BusError('LT_ENV_DTD')
      return
    }
    const end = bytes.indexOf(close, at + 2, 'latin1')
    if (end < 0) return
    at = end + close.length
  }
}

function checkDeclaration(bytes: Buffer, at: number): void {
  const end = bytes.indexOf('?>', at, 'latin1')
  const declaration = bytes.toString('latin1', at, end < 0 || end - at > DECLARATION_MAX ? at + DECLARATION_MAX : end)
  const version = /\sversion\s?=\s?["']([^"']*)/.exec(declaration)?.[1]
  if (version !== undefined && version !== '1.0') {
    throw new BusError('LT_ENV_MALFORMED', { line: 1, column: 1, detail: `XML version ${printable(version)}` })
  }
  const encoding = /\sencoding\s?=\s?["']([^"']*)/.exec(declaration)?.[1]
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) {
    throw new BusError('LT_ENV_ENCODING', { encoding: printable(encoding) })
  }
}

/** A NUL or a byte order mark of two bytes in front: the parser would guess UTF-16 or UTF-32. */
function startsAsWideText(bytes: Buffer): boolean {
  const [a, b] = bytes
  return (a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe) || a === 0 || b === 0
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Foreign text made fit for an error message: one line, printable, bounded. */
export function printable(text: string): string {
  return text
    .replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ')
    .slice(0, 160)
    .trim()
}
