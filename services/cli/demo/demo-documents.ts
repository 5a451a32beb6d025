import { type PacketSigner, type SignedPacket, writeSignedPacket } from '../../../libs/client/index.ts'
import { wireTimestamp } from '../../../libs/envelope/index.ts'
import { makePdf } from './make-pdf.ts'
import type { DemoSystem } from './seed.ts'

/** A document of the demonstration. */
export interface DemoDocument {
  /** Number and notation as people write them. */
  readonly shown: string
  readonly documentId: string
  readonly form: 'inline' | 'detached'
  readonly signed: SignedPacket
  /** Its packet's name in the demo folder, and those of the files beside it. */
  readonly fileName: string
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[]
}

/** A signed document with a PDF, made now; its number is taken from the time, so that no two demonstrations share one. */
export async function writeDemoDocument(
  from: DemoSystem,
  to: readonly DemoSystem[],
  signer: PacketSigner,
  form: 'inline' | 'detached',
  now: Date,
): Promise<DemoDocument> {
  const number = String(Math.floor(now.getTime() / 1000) % 1_000_000) + (form === 'inline' ? '1' : '2')
  const notation = 'CV-BTC'
  const [date = '', clock = ''] = wireTimestamp(now).split(' ')
  const documentId = `${from.agencyCode},${date},${number}/${notation}`
  const fileName = `${form}-${number}.edxml`
  const attachment = `cong-van-${number}.pdf`
  const pdf = makePdf([
    'BO TAI CHINH',
    `So: ${number}/${notation}`,
    '',
    `V/v: van ban minh hoa truc lien thong, ${date} ${clock}`,
    `Gui: ${to.map(({ agencyCode }) => agencyCode).join(', ')}`,
  ])
  const signed = await writeSignedPacket({
    form,
    signer,
    files: [{ name: attachment, content: pdf }],
    facts: {
      sender: { code: from.agencyCode, name: from.agencyName },
      recipients: to.map(({ agencyCode, agencyName }) => ({ code: agencyCode, name: agencyName })),
      documentId,
      number,
      notation,
      subject: `Văn bản minh họa trục liên thông (${form === 'inline' ? 'tệp trong gói' : 'tệp đi kèm'})`,
      place: 'Hà Nội',
      promulgationDate: date.replaceAll('/', '-'),
      documentType: { type: '2', detail: '18', name: 'Công văn' },
      signer: { competence: 'KT. BỘ TRƯỞNG', position: 'THỨ TRƯỞNG', fullName: 'Nguyễn Văn A' },
      priority: form === 'inline' ? 0 : 1,
    },
  })
  const files = form === 'inline' ? [] : [{ name: attachment, bytes: pdf }]
  return { shown: `${number}/${notation}`, documentId, form, signed, fileName, files }
}
