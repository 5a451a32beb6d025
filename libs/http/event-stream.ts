import type { FastifyReply } from 'fastify'
import { whenOver } from './when-over.ts'

/** Bytes that may wait for a reader that does not read; beyond it the stream is closed and the reader connects again. */
const MAX_WAITING_BYTES = 64 * 1024
/** So long a closed stream may take to be read to its end. */
const CLOSE_MS = 2_000

export interface EventStreamOptions {
  /** Pause between comment lines that keep proxies from closing the connection, in milliseconds. */
  readonly heartbeatMs: number
  /** How long the reader waits before it connects again, in milliseconds. */
  readonly retryMs: number
}

/** One open answer of server-sent events. */
export interface EventStream {
  /**
   * Sends one event; `id` comes back as Last-Event-ID when the reader connects again. `false` when the stream is closed,
   * also because this event did not fit into what a slow reader may leave unread.
   */
  send(event: string, id: string, data: unknown): boolean
  close(): void
  /** Resolves when the stream has ended, whoever ended it; a stream to a caller who had gone before has ended already. */
  readonly closed: Promise<void>
}

const open = new WeakMap<object, Set<EventStream>>()

/** Turns the answer into a stream of server-sent events. The route returns `reply` afterwards and sends nothing itself. */
export function openEventStream(reply: FastifyReply, { heartbeatMs, retryMs }: EventStreamOptions): EventStream {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  raw.socket?.setNoDelay(true)
  const write = (text: string): boolean => {
    if (raw.writableEnded || raw.destroyed) return false
    raw.write(text)
    if (raw.writableLength <= MAX_WAITING_BYTES) return true
    raw.destroy()
    return false
  }
  const heartbeat = setInterval(() => write(':\n\n'), heartbeatMs)
  const siblings = openOn(reply.server.server)
  const stream: EventStream = {
    send: (event, id, data) => write(`event: ${oneLine(event)}\nid: ${oneLine(id)}\ndata: ${JSON.stringify(data)}\n\n`),
    close: () => {
      raw.end()
      // Who does not read does not see the end either.
      setTimeout(() => raw.writableFinished || raw.destroy(), CLOSE_MS).unref()
    },
    closed: new Promise((resolve) => whenOver(reply, resolve)),
  }
  siblings.add(stream)
  void stream.closed.then(() => {
    clearInterval(heartbeat)
    siblings.delete(stream)
    raw.destroy()
  })
  write(`retry: ${retryMs}\n\n`)
  return stream
}

/** Ends every open stream of a server, so that it can stop. */
export function closeEventStreams(server: object): void {
  for (const stream of openOn(server)) stream.close()
}

function openOn(server: object): Set<EventStream> {
  const known = open.get(server) ?? new Set()
  open.set(server, known)
  return known
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]/g, ' ')
}
