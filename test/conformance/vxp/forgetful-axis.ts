import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { wireTimestamp } from '../../../libs/envelope/index.ts'
import { sha256 } from '../../harness/world.ts'

interface Taken {
  readonly docId: string
  readonly hash: string
  readonly from: string
  readonly to: readonly string[]
  readonly at: Date
}

/** To whom statuses go in these tests. */
const STATUS_TO = 'H53'

export interface ForgetfulAxis {
  readonly url: string
  readonly taken: readonly Taken[]
  /** What its clients were told of received packets: `status docId description`. */
  readonly told: readonly string[]
  /** Packets that wait in its list. */
  readonly waiting: Map<
    string,
    { readonly packet: Buffer; readonly from: string; readonly to: string; readonly kind: string }
  >
  /** Breaks the line of the next so many sendings, after taking what they sent. */
  breakAfterTaking: number
  close(): void
}

/** Another axis than ours, as small as can be: it takes the same packet twice without noticing, knows no `downloadEdoc` and no pages. */
export function openForgetfulAxis(): Promise<ForgetfulAxis> {
  const taken: Taken[] = []
  const told: string[] = []
  const waiting: ForgetfulAxis['waiting'] = new Map()
  const axis = { url: '', taken, told, waiting, breakAfterTaking: 0, close: () => void server.close() }
  const server = createServer((request, response) => void answer(request, response))
  server.on('connection', (socket) => socket.on('error', () => undefined))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const of = (name: string): string => String(request.headers[`xroadvnpt-${name.toLowerCase()}`] ?? '')
    const ok = (fields: object): void => {
      const body = JSON.stringify({ status: 'OK', ErrorCode: '0', ErrorDesc: 'Thanh cong', ...fields })
      // As the JSON writers of some axes escape Base64.
      response.end(body.replaceAll('=', '\\u003d'))
    }
    const operation = request.url?.split('/').at(-1)
    if (operation === 'sendEdoc') {
      const packet = Buffer.concat(chunks).subarray(0, -2)
      const docId = String(taken.length + 1).padStart(24, '0')
      const to = of('to') === '' ? [] : (JSON.parse(of('to')) as string[])
      taken.push({ docId, hash: sha256(packet).toString('hex'), from: of('from'), to, at: new Date() })
      if (axis.breakAfterTaking > 0) {
        axis.breakAfterTaking -= 1
        request.socket.destroy()
      } else ok({ DocId: docId })
    } else if (operation === 'getSentEdocList') {
      const items = taken.flatMap(({ docId, from, to, at }) =>
        (to.length > 0 ? to : [STATUS_TO]).map((toCode) => ({
          senderDocId: docId,
          fromCode: from,
          toCode,
          sentTime: wireTimestamp(at),
        })),
      )
      ok({ data: items.reverse() })
    } else if (operation === 'getReceivedEdocList') {
      const kind = of('messagetype')
      const items = [...waiting].filter(([, item]) => item.kind === kind)
      ok({ data: items.map(([docId, { from, to }]) => ({ docId, from, to })) })
    } else if (operation === 'getEdoc') {
      ok({ data: waiting.get(of('docId'))?.packet.toString('base64') ?? '' })
    } else if (operation === 'updateStatus') {
      told.push(`${of('status')} ${of('docid')} ${of('description')}`.trim())
      if (of('status') !== 'processing') waiting.delete(of('docid'))
      ok({})
    } else {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>no such page</html>')
    }
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      axis.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/adapter/`
      resolve(axis)
    })
  })
}
