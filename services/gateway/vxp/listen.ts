import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { BusError, type ErrorCode } from '../../../libs/errors/index.ts'
import type { ListenerTls } from '../../../libs/http/index.ts'
import { metric } from '../../../libs/runtime/index.ts'
import type { ConnectionGuard } from './guard-connections.ts'
import { describeRefusal, rawReply } from './write-reply.ts'

/** A list of 700 receivers passes 16 KB; with this the clients' longest were taken. */
const MAX_HEADER_BYTES = 1024 * 1024
const KEEP_ALIVE_MS = 72_000
/** So long a connection may stand without its first request, or be with its headers. */
const HEADERS_MS = 20_000
/** First byte of a TLS handshake; no HTTP request begins with it. */
const TLS_HANDSHAKE = 0x16

const refused = metric.counter({
  name: 'door_connections_refused_total',
  help: 'connections at the compatible door from an address that is on no list, or too many of them',
})

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** With it the same port speaks TLS to whoever begins with it. */
  readonly tls?: Pick<ListenerTls, 'cert' | 'key'>
  readonly maxConnections: number
  readonly requestTimeoutMs: number
  readonly guard: Pick<ConnectionGuard, 'admit'>
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
}

export interface DoorListener {
  readonly url: string
  close(): Promise<void>
}

/**
 * The listener of the door. The guard decides about a connection before its first byte is read; whatever the HTTP parser refuses is
 * answered with a whole reply, which the clients can read.
 */
export async function listenAtDoor(options: ListenOptions): Promise<DoorListener> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
      requireHostHeader: false,
    },
    options.answer,
  )
  server.maxHeadersCount = 0
  server.maxConnections = options.maxConnections
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.on('clientError', answerBroken)
  const silent = guardServer(server, options)
  server.listen({ host: options.host, port: options.port })
  await once(server, 'listening')
  const { address, port, family } = server.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  return {
    url: `${options.tls ? 'https' : 'http'}://${host}:${port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      for (const socket of silent) socket.destroy()
      await closed
    },
  }
}

/** Answers the connections over which no request came yet. */
function guardServer(server: Server, { guard, tls }: Pick<ListenOptions, 'guard' | 'tls'>): ReadonlySet<Socket> {
  const silent = new Set<Socket>()
  const [speakHttp] = server.listeners('connection') as ((socket: Socket) => void)[]
  if (!speakHttp) throw new TypeError('the HTTP server takes no connections')
  const secure = tls && createTlsServer({ ...tls, minVersion: 'TLSv1.2' })
  // A handshake that fails ends its own connection.
  secure?.on('tlsClientError', (_error, socket) => socket.destroy())
  secure?.on('secureConnection', (socket) => speakHttp.call(server, socket))
  // Not told by the socket: the parser reads past its listeners.
  server.on('request', ({ socket }) => void silent.delete(socket))
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    if (!guard.admit(socket)) {
      refused.inc()
      socket.destroy()
      return
    }
    silent.add(socket)
    const timer = setTimeout(() => silent.has(socket) && socket.destroy(), HEADERS_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      silent.delete(socket)
    })
    if (!secure) return void speakHttp.call(server, socket)
    socket.on('error', () => socket.destroy())
    socket.once('data', (first: Buffer) => {
      silent.delete(socket)
      socket.pause()
      socket.unshift(first)
      if (first[0] === TLS_HANDSHAKE) secure.emit('connection', socket)
      else speakHttp.call(server, socket)
      process.nextTick(() => socket.resume())
    })
  })
  return silent
}

const BROKEN: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'LT_HTTP_HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'LT_HTTP_TIMEOUT',
}

function answerBroken(error: Error & { code?: string }, socket: Socket): void {
  const answering = (socket as Socket & { _httpMessage?: { headersSent: boolean } | null })._httpMessage
  if (!socket.writable || error.code === 'ECONNRESET' || answering?.headersSent) {
    socket.destroy()
    return
  }
  const { status, body } = describeRefusal(new BusError(BROKEN[error.code ?? ''] ?? 'LT_HTTP_MALFORMED'))
  // Which operation it would have been nobody knows: the fields of all of them.
  socket.end(rawReply(status, { ...body, DocId: '', data: '', count: 0 }))
  socket.setTimeout(2_000, () => socket.destroy())
}
