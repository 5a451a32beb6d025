import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Versions of the client library; their wire form is the same, what they make of a reply is not. */
export const VERSIONS = ['2.0.3', '2.0.0', '2.0.4', '2.0.1'] as const
export type Version = (typeof VERSIONS)[number]

export interface RawReply {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** Interim answers (100) that came before. */
  readonly interim: number
  // Tests look into replies freely.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly json: any
}

export interface CallOptions {
  /** Pairs of the call's own "json header", in their order. */
  readonly header?: Readonly<Record<string, string>>
  readonly method?: string
  readonly path?: string
  readonly body?: Buffer
  readonly expect?: boolean
  readonly contentType?: string
  /** Header lines that nobody signed. */
  readonly unsigned?: readonly string[]
  /** Changes the header lines at the last moment. */
  readonly lines?: (lines: string[]) => string[]
}

/** Names of the headers that every call has, in the order of the hash map that the library fills. */
const COMMON = ['systemid', 'timestamp', 'Content-Type'] as const

/** `ddMMyyyy'T'HHmmss+SSSS`, local time without a zone, milliseconds padded to four digits. */
export function timestampOf(now: Date): string {
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0')
  const date = `${pad(now.getDate())}${pad(now.getMonth() + 1)}${now.getFullYear()}`
  return `${date}T${pad(now.getHours())}${pad(now.getMinutes())}${pad(now.getSeconds())}+${pad(now.getMilliseconds(), 4)}`
}

/** HMAC-SHA256 under the secret's text as it is configured, lower-case hex. */
export const macOf = (secret: string, text: string): string =>
  createHmac('sha256', secret).update(text, 'utf8').digest('hex')

/** Hex of a SHA-256 as the clients write it: no byte has its leading zero. */
export const unpadded = (bytes: Uint8Array): string =>
  [...createHash('sha256').update(bytes).digest()].map((byte) => byte.toString(16)).join('')

/**
 * A client of today's axis, written from the text of its protocol: the bytes of the library, over sockets of its own. One object keeps the
 * time of its making and every header it ever set, like the library's.
 */
export class GoldenClient {
  readonly url: string
  readonly systemId: string
  readonly secret: string
  readonly version: Version
  readonly timestamp: string
  readonly #kept = new Map<string, string>()
  #socket: Socket | undefined
  /** Connections it had to open. */
  opened = 0

  constructor(url: string, systemId: string, secret: string, version: Version = '2.0.1', madeAt = new Date()) {
    this.url = url
    this.systemId = systemId
    this.secret = secret
    this.version = version
    this.timestamp = timestampOf(madeAt)
  }

  close(): void {
    this.#socket?.destroy()
  }

  /** Header lines of a call, in the library's order. */
  lines(operation: string, options: CallOptions = {}): string[] {
    const { host, pathname } = new URL(this.url)
    const contentType = options.contentType ?? 'application/json'
    for (const [name, value] of Object.entries(options.header ?? {})) this.#kept.set(name, value)
    const common: Record<(typeof COMMON)[number], string> = {
      systemid: this.systemId,
      timestamp: this.timestamp,
      'Content-Type': contentType,
    }
    const pairs = [...COMMON.map((name) => [name, common[name]] as const), ...this.#kept]
    const text = JSON.stringify(Object.fromEntries(pairs.map(([name, value]) => [`XroadVnpt-${name}`, value])))
    const body = options.body ?? Buffer.alloc(0)
    return [
      `${options.method ?? 'POST'} ${options.path ?? `${pathname.replace(/\/$/, '')}/${operation}`} HTTP/1.1`,
      ...pairs.map(([name, value]) => `XroadVnpt-${name}: ${value}`),
      `XroadVnpt-sign-header: ${text}`,
      `XroadVnpt-sign-header-key: ${pairs.map(([name]) => name).join(';')}`,
      `XroadVnpt-hash-header: ${macOf(this.secret, text)}`,
      'XroadVnpt-version: 3.0.201608',
      `Content-Type: ${contentType}`,
      ...(options.unsigned ?? []),
      ...(options.method === 'GET' ? [] : [`Content-Length: ${body.length}`]),
      `Host: ${host}`,
      'Connection: Keep-Alive',
      'User-Agent: JAVASDKAgent/1.0.0 XRoad/VPCP',
      'Accept-Encoding: gzip,deflate',
      ...(options.expect ? ['Expect: 100-continue'] : []),
    ]
  }

  async call(operation: string, options: CallOptions = {}): Promise<RawReply> {
    const lines = this.lines(operation, options)
    const head = Buffer.from(`${(options.lines ?? ((same) => same))(lines).join('\r\n')}\r\n\r\n`, 'utf8')
    return this.exchange(head, options.body, options.expect === true)
  }

  /** Writes a head and, after the interim answer where one is awaited, a body; reads one answer. The connection is kept. */
  async exchange(head: Uint8Array, body?: Uint8Array, expect = false): Promise<RawReply> {
    const { hostname, port } = new URL(this.url)
    let socket = this.#socket
    if (!socket || socket.destroyed || socket.readableEnded) {
      socket = connect(Number(port), hostname)
      this.opened += 1
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      this.#socket = socket
    }
    const answer = readReply(socket, () => {
      if (expect && body) socket.write(body)
    })
    socket.write(expect || !body ? head : Buffer.concat([head, body]))
    return answer
  }

  /** What the library does: empty bodies for lists, `{}` with an expectation for what changes something. */
  async list(operation: string, header: Readonly<Record<string, string>> = {}): Promise<RawReply> {
    return this.call(operation, { header })
  }

  async post(operation: string, header: Readonly<Record<string, string>> = {}, body = '{}'): Promise<RawReply> {
    return this.call(operation, { header, body: Buffer.from(body), expect: true })
  }

  async send(packet: Uint8Array, header: Readonly<Record<string, string>>, tail = '\r\n'): Promise<RawReply> {
    // The library computes the hash of the file for this call alone.
    return this.call('sendEdoc', {
      header: {
        servicetype: 'eDoc',
        messagetype: 'edoc',
        ...header,
        'hash-file': header['hash-file'] ?? unpadded(packet),
      },
      contentType: 'application/octet-stream',
      body: Buffer.concat([packet, Buffer.from(tail)]),
    })
  }

  async getEdoc(docId: string): Promise<Buffer> {
    const { json } = await this.post('getEdoc', { docId, filePath: 'C:\\eoffice\\nhan' })
    if (json?.status !== 'OK') throw new Error(`getEdoc: ${JSON.stringify(json)}`)
    return Buffer.from(json.data, 'base64')
  }

  /** Items of the received list, as this version reads them; `null` where it would lose the whole reply. */
  async received(messagetype = 'edoc', more: Readonly<Record<string, string>> = {}): Promise<Record<string, string>[]> {
    const { json } = await this.list('getReceivedEdocList', { servicetype: 'eDoc', messagetype, ...more })
    return readList(json)
  }
}

/** The rules of the tested matrix: what is missing or null there costs the caller the whole result. */
export function readList(json: unknown): Record<string, string>[] {
  const { status, ErrorCode, ErrorDesc, data } = json as Record<string, unknown>
  if ([status, ErrorCode, ErrorDesc].some((each) => typeof each !== 'string')) throw new Error('the result is null')
  if (!Array.isArray(data)) throw new Error('the list is lost')
  for (const item of data) {
    if (Object.values(item).some((value) => value === null)) throw new Error('a field is null: the list is lost')
  }
  return data
}

function readReply(socket: Socket, onContinue: () => void): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let size = 0
    let interim = 0
    let head: { status: number; headers: Map<string, string> } | undefined
    const end = (act: () => void): void => {
      socket.off('data', read).off('close', closed).off('end', closed)
      act()
    }
    const closed = (): void => end(() => reject(new Error(`the line closed after ${size} bytes`)))
    const whole = (): Buffer => {
      const bytes = Buffer.concat(chunks)
      chunks = [bytes]
      return bytes
    }
    /** The next head, where it is all there. An interim answer is none. */
    const readHead = (): typeof head => {
      for (;;) {
        const bytes = whole()
        const at = bytes.indexOf('\r\n\r\n')
        if (at < 0) return undefined
        const [first = '', ...lines] = bytes.subarray(0, at).toString('latin1').split('\r\n')
        chunks = [bytes.subarray(at + 4)]
        size = bytes.length - at - 4
        const status = Number(first.split(' ')[1])
        const pair = (line: string): [string, string] => {
          const colon = line.indexOf(':')
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
        }
        if (status !== 100) return { status, headers: new Map(lines.map(pair)) }
        interim += 1
        onContinue()
      }
    }
    const read = (chunk: Buffer): void => {
      chunks.push(chunk)
      size += chunk.length
      head ??= readHead()
      if (!head) return
      const { status, headers } = head
      const chunked = headers.get('transfer-encoding') === 'chunked'
      if (!chunked && size < Number(headers.get('content-length') ?? 0)) return
      const body = chunked ? unchunk(whole()) : bodyOf(whole(), headers)
      if (!body) return
      const isJson = /json/.test(headers.get('content-type') ?? '') && !headers.has('content-encoding')
      const json = isJson ? JSON.parse(body.toString('latin1')) : undefined
      end(() => resolve({ status, headers, body, interim, json }))
    }
    socket.on('data', read).once('close', closed).once('end', closed)
  })
}

function bodyOf(rest: Buffer, headers: ReadonlyMap<string, string>): Buffer | undefined {
  const length = Number(headers.get('content-length') ?? 0)
  return rest.length >= length ? Buffer.from(rest.subarray(0, length)) : undefined
}

function unchunk(rest: Buffer): Buffer | undefined {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(rest.subarray(at, line).toString('latin1'), 16)
    if (rest.length < line + 2 + size + 2) return undefined
    if (size === 0) return Buffer.concat(pieces)
    pieces.push(rest.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
