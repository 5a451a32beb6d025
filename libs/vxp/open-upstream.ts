import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { BusError } from '../errors/index.ts'
import { type OpenOutgoingAnswer, type OutgoingTls, openOutgoing } from '../http/index.ts'
import { asciiJson } from './ascii-text.ts'
import { packetOfReply } from './packet-reply.ts'
import {
  type ReceivedItem,
  receivedItems,
  type SentItem,
  sentDocId,
  sentItems,
  type UpstreamAgency,
  upstreamAgencies,
} from './read-items.ts'
import { type Reply, readReply, unreadable } from './read-reply.ts'
import { announcedHash, signCall, type UpstreamIdentity } from './sign-call.ts'

/** Two bytes that every client of today's axis writes after the packet; an axis may count on them. */
const TAIL = Buffer.from('\r\n')
const JSON_TYPE = 'application/json'
const LIST_BYTES = 32 * 1024 * 1024
const REPLY_BYTES = 1024 * 1024
const DIRECTORY_BYTES = 256 * 1024 * 1024
/** Nobody's disk but the client's own; the axis ignores it, but wants it. */
const FILE_PATH = '.'

export interface UpstreamOptions extends UpstreamIdentity {
  /** Base address; operations are appended to its path. */
  readonly url: string
  /** Networks (CIDR) beside the public ones in which it may lie, also without TLS. */
  readonly allowedNetworks: readonly string[]
  readonly tls?: OutgoingTls
  readonly connectTimeoutMs: number
  /** To the status of an answer, and again to its last byte. */
  readonly timeoutMs: number
  readonly maxPacketBytes: number
}

export interface PacketToSend {
  readonly file: string
  readonly size: number
  readonly sha256: Uint8Array
  readonly kind: 'document' | 'status'
  readonly from: string
  /** Exactly these receivers of the packet. A status goes to whom it answers. */
  readonly to: readonly string[]
}

interface Options {
  readonly signal?: AbortSignal
}

/**
 * Another axis, as one of its clients sees it. Every call throws BusError: LT_DLV_UNREACHABLE, LT_DLV_ADDRESS_REFUSED, LT_DLV_NOT_HTTPS
 * (nothing left the house); LT_VXP_REFUSED (its coded no); LT_VXP_NOT_NOW, LT_VXP_UNREADABLE, LT_DLV_NO_ANSWER, LT_DLV_INTERRUPTED,
 * LT_DLV_ANSWER_TOO_LARGE (of what was sent nobody knows the outcome).
 */
export interface Upstream {
  /** Answers the id under which the packet was taken. */
  sendPacket(packet: PacketToSend, options?: Options): Promise<string>
  /** A page of what waits for us, from 1. `unusable`: items without an id that can be used. */
  received(
    question: { readonly kind: ReceivedItem['kind']; readonly page: number },
    options?: Options,
  ): Promise<{ items: ReceivedItem[]; unusable: number }>
  /** The bytes of a received packet, handed to `store` as they come; only when it resolves were they whole. */
  fetchPacket(
    docId: string,
    store: (content: AsyncIterable<Uint8Array>) => Promise<void>,
    options?: Options,
  ): Promise<void>
  /** @param description ASCII */
  updateStatus(
    docId: string,
    status: 'processing' | 'done' | 'fail',
    description?: string,
    options?: Options,
  ): Promise<void>
  /** What we sent between two times (`dd/MM/yyyy HH:mm:ss`), newest first, one item for each receiver. */
  sent(
    question: { readonly kind: ReceivedItem['kind']; readonly from: string; readonly until: string },
    options?: Options,
  ): Promise<SentItem[]>
  /** The whole directory. */
  agencies(options?: Options): Promise<UpstreamAgency[]>
  close(): Promise<void>
}

/** Opens a client of another axis. Nothing is sent before the first call. @throws BusError LT_CONF_INVALID */
export function openUpstream(options: UpstreamOptions): Upstream {
  const { url, timeoutMs, maxPacketBytes } = options
  const client = openOutgoing({ ...options, maxAnswerBytes: REPLY_BYTES })
  // Clients of today's axis compute it once, and an axis must not mind.
  const since = new Date()

  function call<T>(
    operation: string,
    {
      parameters = {},
      contentType = JSON_TYPE,
      content,
      method = 'POST',
      maxBytes = REPLY_BYTES,
      gzip = false,
      signal,
    }: {
      readonly parameters?: Readonly<Record<string, string | undefined>>
      readonly contentType?: string
      readonly content?: { readonly body: AsyncIterable<Uint8Array>; readonly size: number }
      readonly method?: 'GET' | 'POST'
      readonly maxBytes?: number
      readonly gzip?: boolean
      readonly signal?: AbortSignal | undefined
    },
    use: (answer: OpenOutgoingAnswer) => Promise<T>,
  ): Promise<T> {
    return client.receive(
      {
        method,
        url: new URL(`${url.replace(/\/+$/, '')}/${operation}`),
        headers: {
          ...signCall(options, contentType, parameters, since),
          ...(gzip ? { 'accept-encoding': 'gzip' } : {}),
        },
        ...(method === 'GET' ? {} : (content ?? { body: empty(), size: 0 })),
        timeoutMs,
        bodyTimeoutMs: timeoutMs,
        maxBytes,
        ...(signal ? { signal } : {}),
      },
      use,
    )
  }

  const list = (operation: string, parameters: Record<string, string>, signal?: AbortSignal): Promise<Reply> =>
    call(operation, { parameters, maxBytes: LIST_BYTES, signal }, readReply)

  return {
    sendPacket({ file, size, sha256, kind, from, to }, { signal } = {}) {
      const parameters = {
        from,
        servicetype: 'eDoc',
        messagetype: messageType(kind),
        'hash-file': announcedHash(sha256),
        ...(kind === 'document' ? { to: asciiJson(to) } : {}),
      }
      const content = { body: withTail(file), size: size + TAIL.length }
      return call(
        'sendEdoc',
        { parameters, contentType: 'application/octet-stream', content, signal },
        async (answer) => sentDocId(await readReply(answer)),
      )
    },
    async received({ kind, page }, { signal } = {}) {
      const parameters = {
        servicetype: 'eDoc',
        messagetype: messageType(kind),
        pageSize: '500',
        pageIndex: String(page),
      }
      return receivedItems(await list('getReceivedEdocList', parameters, signal), kind)
    },
    async fetchPacket(docId, store, { signal } = {}) {
      const parameters = { docId, filePath: FILE_PATH }
      // As bytes where it is there: then nobody encodes or decodes. Its failure says nothing, `getEdoc` says why.
      const whole = await call(
        'downloadEdoc',
        { parameters, method: 'GET', maxBytes: maxPacketBytes, signal },
        async ({ status, header, body }) => {
          if (status !== 200 || header('content-length') === '0' || /json|html/.test(header('content-type') ?? ''))
            return false
          let size = 0
          await store(counted(body, (bytes) => (size += bytes)))
          return size > 0
        },
      )
      if (whole) return
      const content = { body: one(Buffer.from('{}')), size: 2 }
      const maxBytes = Math.ceil(maxPacketBytes / 3) * 4 + REPLY_BYTES
      await call('getEdoc', { parameters, content, maxBytes, signal }, (answer) => store(packetOfReply(answer)))
    },
    async updateStatus(docId, status, description, { signal } = {}) {
      const parameters = { status, docid: docId, description }
      await call('updateStatus', { parameters, content: { body: one(Buffer.from('{}')), size: 2 }, signal }, readReply)
    },
    async sent({ kind, from, until }, { signal } = {}) {
      const parameters = { servicetype: 'eDoc', messagetype: messageType(kind), fromDate: from, toDate: until }
      return sentItems(await list('getSentEdocList', parameters, signal))
    },
    agencies: ({ signal } = {}) =>
      call('getAgenciesList', { maxBytes: DIRECTORY_BYTES, gzip: true, signal }, async (answer) => {
        const plain = answer.header('content-encoding') === 'gzip' ? unzipped(answer) : answer.body
        return upstreamAgencies(await readReply({ status: answer.status, body: plain }))
      }),
    close: () => client.close(),
  }
}

const messageType = (kind: ReceivedItem['kind']): string => (kind === 'status' ? 'status' : 'edoc')

async function* empty(): AsyncGenerator<Uint8Array> {
  // Lists have no body.
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* withTail(file: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file)) yield chunk as Buffer
  yield TAIL
}

async function* counted(body: AsyncIterable<Buffer>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    count(chunk.length)
    yield chunk
  }
}

/** A small answer may hide a large one. */
async function* unzipped({ status, body }: OpenOutgoingAnswer): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip()
  const feed = (async () => {
    for await (const chunk of body) if (!gunzip.write(chunk)) await new Promise((done) => gunzip.once('drain', done))
    gunzip.end()
  })()
  feed.catch((error: Error) => gunzip.destroy(error))
  let size = 0
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > DIRECTORY_BYTES) throw new BusError('LT_DLV_ANSWER_TOO_LARGE', { limit: DIRECTORY_BYTES })
      yield chunk
    }
  } catch (cause) {
    throw cause instanceof BusError ? cause : unreadable(status, 'gzip', cause)
  } finally {
    gunzip.destroy()
  }
}
