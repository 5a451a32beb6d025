import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeDurably } from '../../libs/client/index.ts'
import type { Teardown } from '../harness/teardown.ts'

/**
 * What a receiving system does with a push: stores it and says so; stores it and falls silent, so that the axis cannot know;
 * says that it is broken or busy; never answers.
 */
export type Mood = 'take' | 'take-and-hang-up' | 'broken' | 'busy' | 'hang'

/** A consignment as the receiver keeps it. */
export interface PushedRecord {
  readonly consignment: string
  readonly dispatch: string
  readonly agency: string
  readonly contentHash: string
  /** SHA-256 of each part, hex: the packet or envelope first. */
  readonly parts: readonly string[]
}

export interface PushReceiver {
  readonly url: string
  /**
   * Folder of what was stored: `received/<consignment>.json`; `hits`, a line for each push that was stored; `faults`, a line for
   * each that was not what it said.
   */
  readonly dir: string
  setMood(mood: () => Mood): void
}

/** A receiving system with a durable store: a push is on disk before it is answered, one that comes again is compared and counted. */
export async function startPushReceiver(t: Teardown, dir: string): Promise<PushReceiver> {
  let mood: () => Mood = () => 'take'
  let last: Promise<void> = Promise.resolve()
  /** One at a time: the same consignment may come twice at once. */
  const storeInTurn = (headers: IncomingHttpHeaders, body: Buffer): Promise<void> => {
    const stored = last.then(() => store(dir, headers, body))
    last = stored.catch(() => undefined)
    return stored
  }
  const server = createServer((request, response) => {
    receive(storeInTurn, request, response, mood()).catch((error: unknown) => {
      appendFileSync(join(dir, 'faults'), `${String(error)}\n`)
      response.destroy()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/push`,
    dir,
    setMood: (next) => {
      mood = next
    },
  }
}

async function receive(
  keep: (headers: IncomingHttpHeaders, body: Buffer) => Promise<void>,
  request: IncomingMessage,
  response: ServerResponse,
  mood: Mood,
): Promise<void> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    return // the axis died while it sent: nothing has arrived
  }
  if (mood === 'hang') return
  if (mood === 'broken') return void response.writeHead(503).end()
  if (mood === 'busy') return void response.writeHead(429, { 'retry-after': '0' }).end()
  await keep(request.headers, Buffer.concat(chunks))
  if (mood === 'take-and-hang-up') response.destroy()
  else response.writeHead(204).end()
}

async function store(dir: string, headers: IncomingHttpHeaders, body: Buffer): Promise<void> {
  const header = (name: string): string => String(headers[name] ?? '')
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  if (header('content-digest') !== digest) throw new Error('the body is not what its digest says')
  const consignment = header('lt-consignment-id')
  const record: PushedRecord = {
    consignment,
    dispatch: header('lt-dispatch-id'),
    agency: header('lt-agency'),
    contentHash: header('lt-content-hash'),
    parts: partsOf(header('content-type'), body).map((part) => createHash('sha256').update(part).digest('hex')),
  }
  const file = join(dir, 'received', `${consignment}.json`)
  const text = JSON.stringify(record)
  // Stored again under the same name: what came first has to be what came now.
  if (existsSync(file) && readFileSync(file, 'utf8') !== text) throw new Error(`${consignment} came with other bytes`)
  await writeDurably(file, Buffer.from(text))
  appendFileSync(join(dir, 'hits'), `${consignment} ${header('lt-attempt')}\n`)
}

/** The parts of a `multipart/mixed` body by the lengths that their headers say; a body of another kind is one part. */
function partsOf(contentType: string, body: Buffer): Buffer[] {
  if (!contentType.startsWith('multipart/')) return [body]
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n\r\n', at)
    const size = /^content-length: (\d+)$/im.exec(body.toString('latin1', at, Math.max(at, end)))?.[1]
    if (end < 0 || size === undefined) return parts
    parts.push(body.subarray(end + 4, end + 4 + Number(size)))
    at = end + 4 + Number(size) + 2
  }
}
