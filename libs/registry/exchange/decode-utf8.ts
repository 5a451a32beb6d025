import { BusError } from '../../errors/index.ts'

/** What is wrong with a directory file as a file. */
export const unreadable = (line: number, reason: string, cause?: unknown): BusError =>
  new BusError('LT_REG_IMPORT_UNREADABLE', { line, reason }, { cause })

/** Turns bytes into text, strictly; a byte order mark in front is dropped. @throws BusError LT_REG_IMPORT_UNREADABLE */
export async function* decodeUtf8(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  try {
    for await (const bytes of source) {
      const text = decode(decoder, bytes, line)
      line += lineEnds(text)
      yield text
    }
  } catch (error) {
    throw error instanceof BusError ? error : unreadable(line, 'READ', error)
  }
  decode(decoder, undefined, line)
}

function decode(decoder: TextDecoder, bytes: Uint8Array | undefined, line: number): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined })
  } catch {
    // The decoder does not say where: the first character that a lenient one replaces is the place.
    const lenient = new TextDecoder().decode(bytes)
    throw unreadable(line + lineEnds(lenient.slice(0, lenient.indexOf('\ufffd') + 1)), 'UTF-8')
  }
}

function lineEnds(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}
