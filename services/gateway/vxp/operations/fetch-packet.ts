import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { BusError } from '../../../../libs/errors/index.ts'
import { isUuid } from '../../../../libs/model/index.ts'
import { endWhenShutOut } from '../../routes/end-when-shut-out.ts'
import type { Door, DoorCall, Operation } from '../door.ts'
import { fetchAtDoor, findFetchable } from '../move-at-door.ts'
import { openPacket } from '../open-packet.ts'
import { asciiJson, SUCCESS } from '../write-reply.ts'

/** `getEdoc`: the packet as Base64 in the reply, written while it is read. */
export const getPacket: Operation = {
  method: 'POST',
  failure: { data: '' },
  async run(call, door) {
    const { size, content } = await open(call, door)
    const [before = '', after = ''] = asciiJson({ ...SUCCESS, data: '*' }).split('*')
    call.response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': before.length + 4 * Math.ceil(size / 3) + after.length,
      'cache-control': 'no-store',
    })
    await stream(call, door, joined(before, base64(content), after))
    return undefined
  },
}

/** `downloadEdoc`: the bytes themselves. */
export const downloadPacket: Operation = {
  method: 'GET',
  failure: 'empty',
  async run(call, door) {
    const { size, content } = await open(call, door)
    call.response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'cache-control': 'no-store',
    })
    await stream(call, door, content)
    return undefined
  },
}

interface Fetched {
  readonly size: number
  readonly content: AsyncIterable<Uint8Array>
}

async function open({ parameters, system, log }: DoorCall, { gateway }: Door): Promise<Fetched> {
  const id = readDocId(parameters)
  const packet = await openPacket(gateway, await findFetchable(gateway, system, id), { system, log })
  const composed = packet.composed === undefined ? undefined : { sha256: packet.composed, size: packet.size }
  await fetchAtDoor(gateway, system, id, composed)
  return { size: packet.size, content: await packet.content() }
}

/** Clients keep the headers of earlier calls: `docid` is what acknowledgements are written with. */
export function readDocId(parameters: DoorCall['parameters'], ...spellings: string[]): string {
  const id = parameters
    .get(...(spellings.length > 0 ? spellings : ['docId', 'docid']))
    ?.trim()
    .toLowerCase()
  if (!id) throw new BusError('LT_DOOR_BAD_PARAMETER', { name: 'docId' })
  const written = id.slice(0, 64)
  if (isUuid(id)) return id
  throw new BusError('LT_BOX_NOT_FOUND', { consignmentId: written })
}

async function* joined(
  before: string,
  content: AsyncIterable<Uint8Array>,
  after: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(before)
  yield* content
  yield Buffer.from(after)
}

/** Base64 without line ends, piece by piece. */
export async function* base64(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of content) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    const cut = bytes.length - (bytes.length % 3)
    rest = Buffer.from(bytes.subarray(cut))
    if (cut > 0) yield Buffer.from(bytes.toString('base64', 0, cut), 'latin1')
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1')
}

/** Writes an answer whose head is out. A failure breaks the connection off: a whole answer must not end early. */
async function stream(call: DoorCall, door: Door, content: AsyncIterable<Uint8Array>): Promise<void> {
  const { response, caller } = call
  const source = endWhenShutOut(Readable.from(content, { objectMode: false }), door.gateway.registry, caller)
  try {
    for await (const chunk of source) {
      if (!response.write(chunk)) await drained(response)
    }
    response.end()
  } catch (error) {
    call.log.warn({ err: error }, 'an answer of the door was broken off')
    response.destroy()
  }
}

async function drained(response: ServerResponse): Promise<void> {
  const closed = new AbortController()
  const close = (): void => closed.abort(new BusError('LT_HTTP_BODY_INCOMPLETE'))
  response.once('close', close)
  try {
    if (response.destroyed) close()
    await once(response, 'drain', { signal: closed.signal })
  } finally {
    response.off('close', close)
  }
}
