// Run as a process of its own: writes `count` signed packets into a file, each with its length (4 bytes) before it.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { writePacket } from '../../libs/envelope/index.ts'
import { signPacket } from '../../libs/signature/index.ts'

export interface SigningOrder {
  readonly file: string
  readonly count: number
  /** Makes the document ids of several runs different. */
  readonly run: string
  readonly bytes: number
  readonly sender: { readonly code: string; readonly name: string }
  /** One recipient each, in turn. */
  readonly recipients: readonly string[]
  readonly keyPem: string
  readonly chain: readonly string[]
}

const DAY_MS = 86_400_000

interface Signer {
  readonly key: KeyObject
  readonly chain: readonly X509Certificate[]
}

function makePacket(order: SigningOrder, signer: Signer, n: number, filler: number): Buffer {
  const number = `${order.run}${n}`
  const date = new Date(Date.now() - 3 * DAY_MS).toISOString().slice(0, 10)
  const code = order.recipients[n % order.recipients.length] as string
  const pdf = `%PDF-1.4\n% ${createHash('sha256').update(number).digest('hex').repeat(64).slice(0, filler)}\n%%EOF\n`
  const packet = writePacket({
    sender: { code: order.sender.code, name: order.sender.name },
    recipients: [{ code, name: `Đơn vị ${code}` }],
    documentId: `${order.sender.code},${date.replaceAll('-', '/')},${number}/QĐ-TTg`,
    number: String(n + 1),
    notation: 'QĐ-TTg',
    subject: 'Về việc ban hành Quy định gửi, nhận văn bản điện tử giữa các cơ quan trong hệ thống hành chính nhà nước',
    promulgationDate: date,
    documentType: { type: '2', detail: '2', name: 'Quyết định' },
    signer: { fullName: 'Nguyễn Văn An', position: 'Chánh Văn phòng' },
    place: 'Hà Nội',
    toPlaces: ['Như Điều 3', 'Lưu: VT'],
    attachments: [{ contentId: 'qd-1', name: 'quyet-dinh.pdf', mediaType: 'application/pdf', bytes: Buffer.from(pdf) }],
  })
  return signPacket({ packet, ...signer, shape: 'root' })
}

function sign(order: SigningOrder): void {
  const signer = { key: createPrivateKey(order.keyPem), chain: order.chain.map((pem) => new X509Certificate(pem)) }
  const bare = makePacket(order, signer, 0, 0).length
  const filler = Math.max(0, Math.floor(((order.bytes - bare) * 3) / 4))
  const out = openSync(order.file, 'w')
  for (let n = 0; n < order.count; n++) {
    const packet = makePacket(order, signer, n, filler)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(packet.length)
    writeSync(out, Buffer.concat([length, packet]))
  }
  closeSync(out)
}

process.once('message', (order: SigningOrder) => {
  sign(order)
  process.send?.('done', () => process.exit(0))
})
