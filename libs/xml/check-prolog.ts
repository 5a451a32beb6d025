import { BusError } from '../errors/index.ts'

const DECLARATION_MAX = 256
const LT = 0x3c
/** XMLDecl of XML 1.0 (2.8, production 23), its parts in their one order. */
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"([^"<&]*)"|'([^'<&]*)')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z][\w.-]*)"|'([A-Za-z][\w.-]*)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>$/

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
    const comment = head.startsWith('<!--')
    const close = comment ? '-->' : head.startsWith('<?') ? '?>' : undefined
    if (close === undefined) {
      if (head.toUpperCase() === '<!DOCTYPE') throw new BusError('LT_ENV_DTD')
      return
    }
    // `<!-->` and `<!--->` do not end the comment that they begin.
    const end = bytes.indexOf(close, at + (comment ? 4 : 2), 'latin1')
    if (end < 0) return
    at = end + close.length
  }
}

/** Only what this reads is accepted: a reader with another idea of the declaration would read another document. */
function checkDeclaration(bytes: Buffer, at: number): void {
  const head = bytes.toString('latin1', at, at + DECLARATION_MAX)
  const end = head.indexOf('?>')
  const match = end < 0 ? null : DECLARATION.exec(head.slice(0, end + 2))
  if (!match) throw new BusError('LT_ENV_MALFORMED', { line: 1, column: 1, detail: 'XML declaration' })
  const version = match[1] ?? match[2] ?? ''
  if (version !== '1.0') {
    throw new BusError('LT_ENV_MALFORMED', { line: 1, column: 1, detail: `XML version ${printable(version)}` })
  }
  const encoding = match[3] ?? match[4]
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
