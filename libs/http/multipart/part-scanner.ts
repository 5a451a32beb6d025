import { BusError } from '../../errors/index.ts'
import { broken } from './broken.ts'

const CRLF = Buffer.from('\r\n')
const HEADER_END = Buffer.from('\r\n\r\n')
const FINAL = Buffer.from('--')

/**
 * Cuts a body into parts at `CRLF -- boundary`, holding back at most what might be the beginning of a delimiter. Chunks
 * are handed on as views, never copied, unless a delimiter could straddle two of them.
 */
export class PartScanner {
  readonly #body: AsyncIterator<Buffer>
  readonly #delimiter: Buffer
  #held: Buffer = Buffer.alloc(0)
  #follows: boolean | undefined

  constructor(body: AsyncIterator<Buffer>, boundary: string) {
    this.#body = body
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** Reads the first delimiter; nothing may stand before it. Answers whether a part follows. */
  async begin(): Promise<boolean> {
    const opening = this.#delimiter.subarray(CRLF.length)
    if (!(await this.#take(opening.length)).equals(opening)) throw broken('it does not begin with the boundary')
    return await this.#afterDelimiter()
  }

  /** The header block of the part that begins here, without the empty line that ends it. */
  async header(maxBytes: number): Promise<Buffer> {
    let searched = 0
    for (;;) {
      const end = this.#held.indexOf(HEADER_END, searched)
      if (end > maxBytes || (end < 0 && this.#held.length > maxBytes + HEADER_END.length)) {
        throw new BusError('LT_HTTP_MULTIPART_LIMIT', { what: 'header bytes', limit: maxBytes })
      }
      if (end >= 0) {
        const block = this.#held.subarray(0, end)
        // The last line end stays: it may be the beginning of the delimiter that ends a part without content.
        this.#held = this.#held.subarray(end + CRLF.length)
        return block
      }
      searched = Math.max(0, this.#held.length - HEADER_END.length + 1)
      await this.#more()
    }
  }

  /** The content up to the next delimiter, which is read too; {@link follows} then says whether another part comes. */
  async *content(maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
    this.#follows = undefined
    let size = 0
    let skip = CRLF.length
    for (;;) {
      const at = this.#held.indexOf(this.#delimiter)
      const end = at >= 0 ? at : this.#possibleDelimiter()
      const sure = this.#held.subarray(Math.min(skip, end), end)
      skip -= Math.min(skip, end)
      this.#held = this.#held.subarray(at >= 0 ? at + this.#delimiter.length : end)
      size += sure.length
      if (size > maxBytes) throw new BusError('LT_HTTP_MULTIPART_LIMIT', { what: 'bytes of a part', limit: maxBytes })
      if (sure.length > 0) yield sure
      if (at >= 0) break
      await this.#more()
    }
    this.#follows = await this.#afterDelimiter()
  }

  /** Whether another part comes after the one whose content was read. */
  follows(): boolean {
    if (this.#follows === undefined) throw broken('a part was not read to its end')
    return this.#follows
  }

  /** Reads to the end of the body; after the final boundary only one line end may stand. */
  async finish(): Promise<void> {
    while (this.#held.length <= CRLF.length) {
      const { done, value } = await this.#body.next()
      if (done) {
        if (this.#held.length === 0 || this.#held.equals(CRLF)) return
        break
      }
      this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value])
    }
    throw broken('something follows the final boundary')
  }

  async #afterDelimiter(): Promise<boolean> {
    const mark = await this.#take(2)
    if (mark.equals(CRLF)) return true
    if (mark.equals(FINAL)) return false
    throw broken('a boundary line has something after the boundary')
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#held.length < length) await this.#more()
    const taken = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return taken
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#body.next()
    if (done) throw broken('the final boundary is missing')
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value])
  }

  /** Where in the held bytes a delimiter might begin that ends in the next chunk; their length when nowhere. */
  #possibleDelimiter(): number {
    const held = this.#held
    for (let at = Math.max(0, held.length - this.#delimiter.length + 1); at < held.length; at++) {
      at = held.indexOf(0x0d, at)
      if (at < 0) break
      if (held.subarray(at).equals(this.#delimiter.subarray(0, held.length - at))) return at
    }
    return held.length
  }
}
