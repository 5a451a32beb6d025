import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

/** One keep-alive connection, one request at a time: as little client as HTTP/1.1 allows, so that the load is the server's. */
export class HttpConnection {
  readonly #socket: Socket
  readonly #host: string
  #chunks: Buffer[] = []
  #length = 0
  /** Bytes the answer takes as a whole, once its head has been read. */
  #wanted = 0
  #bodyAt = 0
  #status = 0
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #dead: Error | undefined

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the gateway closed the connection')))
  }

  get alive(): boolean {
    return this.#dead === undefined
  }

  request(method: string, path: string, token: string, type = '', body?: Uint8Array): Promise<Answer> {
    if (this.#dead) return Promise.reject(this.#dead)
    if (this.#resolve) throw new Error('one request at a time')
    const head =
      `${method} ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAuthorization: Bearer ${token}\r\n` +
      (body === undefined ? '\r\n' : `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`)
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (body === undefined) this.#socket.write(head, 'latin1')
      else {
        this.#socket.cork()
        this.#socket.write(head, 'latin1')
        this.#socket.write(body)
        this.#socket.uncork()
      }
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#wanted === 0) this.#readHead()
    if (this.#wanted === 0 || this.#length < this.#wanted) return
    const body = this.#joined().subarray(this.#bodyAt, this.#wanted)
    const resolve = this.#resolve
    this.#chunks = []
    this.#length = 0
    this.#wanted = 0
    this.#resolve = undefined
    resolve?.({ status: this.#status, body })
  }

  #joined(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#length)
  }

  #readHead(): void {
    const bytes = this.#joined()
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = bytes.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) {
      this.#fail(new Error(`an answer without a length: ${head.slice(0, 200)}`))
      return
    }
    this.#status = Number(head.slice(9, 12))
    this.#bodyAt = end + 4
    this.#wanted = this.#bodyAt + Number(length)
  }

  #fail(error: Error): void {
    this.#dead ??= error
    this.#reject?.(error)
  }
}

/** Some connections, opened when they are needed, and whoever waits for a free one. */
export class HttpConnections {
  readonly #port: number
  readonly #free: HttpConnection[] = []
  readonly #waiting: ((connection: HttpConnection) => void)[] = []
  #left: number

  constructor(port: number, size: number) {
    this.#port = port
    this.#left = size
  }

  async request(...request: Parameters<HttpConnection['request']>): Promise<Answer> {
    const connection = this.#take() ?? (await new Promise<HttpConnection>((resolve) => this.#waiting.push(resolve)))
    try {
      return await connection.request(...request)
    } finally {
      const next = this.#waiting.shift()
      if (next) next(connection)
      else this.#free.push(connection)
    }
  }

  #take(): HttpConnection | undefined {
    for (let free = this.#free.pop(); free; free = this.#free.pop()) {
      if (free.alive) return free
      this.#left++ // closed while nobody used it
    }
    if (this.#left === 0) return undefined
    this.#left--
    return new HttpConnection(this.#port)
  }
}
