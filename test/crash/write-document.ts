import { createHash } from 'node:crypto'
import type { PacketSigner, SignedPacket } from '../../libs/client/index.ts'
import { writeSignedPacket } from '../../libs/client/index.ts'
import type { BusinessAction } from '../../libs/model/index.ts'
import type { Random } from '../harness/seeded-random.ts'
import { SMALL_PDF } from '../harness/world.ts'

export interface Author {
  readonly agencyCode: string
  readonly agencyName: string
  readonly signer: PacketSigner
  /** Agencies it may write to. */
  readonly readers: readonly string[]
}

export interface WrittenDocument {
  readonly signed: SignedPacket
  readonly urgent: boolean
  readonly documentId: string
  readonly recipients: readonly string[]
}

/**
 * A signed document as chance has it: one to five recipients, urgent or not, files inside or beside, small or over 16 KB.
 * @param recalled a document that it asks back from everybody who was sent it
 */
export async function writeDocument(
  author: Author,
  number: number,
  random: Random,
  recalled?: WrittenDocument,
): Promise<WrittenDocument> {
  const { agencyCode, agencyName, signer, readers } = author
  const urgent = random.happens(0.3)
  const form = random.happens(0.4) ? 'detached' : 'inline'
  const recipients = recalled?.recipients ?? random.some(readers, random.whole(1, 5))
  const run = createHash('sha256').update(`${agencyCode} ${number} ${random()}`).digest('hex').slice(0, 12)
  const documentId = `${agencyCode},2026/11/20,${number}-${run}/TB-LT`
  const signed = await writeSignedPacket({
    form,
    signer,
    files: Array.from({ length: random.whole(1, 2) }, (_, i) => ({
      name: `tep-${i + 1}.pdf`,
      content: fileOf(form === 'detached' || random.happens(0.2) ? random.whole(17, 80) * 1024 : 600, random),
    })),
    facts: {
      sender: { code: agencyCode, name: agencyName },
      recipients: recipients.map((code) => ({ code, name: `Đơn vị ${code}` })),
      documentId,
      number: String(number),
      notation: 'TB-LT',
      subject: 'Thông báo thử nghiệm khi mọi thứ dừng giữa chừng',
      promulgationDate: '2026-11-20',
      documentType: { type: '2', detail: '7', name: 'Thông báo' },
      signer: { fullName: 'Nguyễn Văn A', position: 'Chánh Văn phòng' },
      place: 'Hà Nội',
      priority: urgent ? random.whole(1, 3) : 0,
      ...(recalled ? { business: recallOf(recalled) } : {}),
    },
  })
  return { signed, urgent, documentId, recipients }
}

function recallOf({ documentId }: WrittenDocument): BusinessAction {
  const [reason, targetDocumentId] = ['Văn bản có sai sót', documentId]
  return { type: 'recall', reason, paper: false, targetDocumentId, receivers: [], replaces: [] }
}

/** Every byte differs from file to file, so that no two can be taken for each other. */
function fileOf(size: number, random: Random): Buffer {
  const block = createHash('sha256').update(String(random())).digest()
  return Buffer.concat([SMALL_PDF, Buffer.alloc(size, block)])
}
