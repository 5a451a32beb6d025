import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Client,
  createClient,
  type Inbox,
  openInbox,
  openSigner,
  type PacketSigner,
  type Received,
  writeSignedStatus,
} from '../../../libs/client/index.ts'
import { openPacket } from '../../../libs/envelope/index.ts'
import { STATUS_NAMES, type StatusCode, type StatusReport } from '../../../libs/model/index.ts'
import type { Output } from '../output.ts'
import type { DemoDocument } from './demo-documents.ts'
import type { DemoFolder } from './demo-folder.ts'
import type { DemoSystem } from './seed.ts'
import type { Timeline } from './timeline.ts'

/** An agency's document system in the demonstration. */
export interface DemoParty {
  readonly system: DemoSystem
  readonly client: Client
  readonly signer: PacketSigner
}

/** What all parts of the demonstration share. */
export interface DemoStage {
  readonly output: Output
  readonly timeline: Timeline
  readonly folder: DemoFolder
  /** By document id. */
  readonly documents: ReadonlyMap<string, DemoDocument>
}

export function openParty(system: DemoSystem, baseUrl: string): DemoParty {
  const { systemCode, clientKeyPem, signer } = system
  const client = createClient({ baseUrl, systemCode, key: clientKeyPem })
  return { system, client, signer: openSigner(signer.privateKeyPem, signer.chain.join('\n')) }
}

/** What a clerk of the receiving agency says about a document after it arrived. */
const CLERK_STATUSES: readonly StatusCode[] = ['03', '06']

/** A receiver: keeps each document, acknowledges it, says 01 by itself, then 03 and 06. */
export function openReceiver(party: DemoParty, stage: DemoStage, ownSignature: boolean): Inbox {
  const { system, client, signer } = party
  const { output, timeline, folder, documents } = stage
  const sender = { code: system.agencyCode, name: system.agencyName }

  async function onReceived(received: Received): Promise<void> {
    const { consignment } = received
    const document = documents.get(consignment.documentId)
    if (!document || consignment.kind !== 'document') return
    const own = ownSignature ? output.t('demo.ownSignature') : ''
    timeline.add(system.agencyCode, output.t('demo.received', { document: document.shown, own }))
    timeline.add(system.agencyCode, statusSent('01', document.shown))
    for (const part of received.parts) {
      const name = part.role === 'attachment' ? (part.inside ? undefined : part.name) : document.fileName
      if (name !== undefined) await folder.keepFetched(system.agencyCode, name, join(received.folder, part.file))
    }
    const about = { agency: consignment.sender, code: document.shown, documentId: consignment.documentId }
    for (const code of CLERK_STATUSES) {
      await client.submit({ packet: writeSignedStatus({ sender, about, code, signer }) })
      timeline.add(system.agencyCode, statusSent(code, document.shown))
    }
  }

  function statusSent(code: StatusCode, document: string): string {
    return output.t('demo.statusSent', { code, name: STATUS_NAMES[code][output.language], document })
  }

  return openInbox(client, {
    dir: folder.at('work', system.agencyCode),
    signerOf: () => signer,
    partyOf: () => sender,
    ownSignature,
    onReceived,
    onError: rethrowDefects(output),
  })
}

/** The sender's own mailbox, in which statuses arrive. */
export function openStatusInbox(
  party: DemoParty,
  stage: DemoStage,
  onStatus: (agency: string, status: StatusReport) => void,
): Inbox {
  const { output, timeline, folder, documents } = stage
  return openInbox(party.client, {
    dir: folder.at('work', party.system.agencyCode),
    onError: rethrowDefects(output),
    async onReceived({ consignment, folder: received, parts: [packet] }) {
      if (consignment.kind !== 'status' || !packet) return
      using opened = openPacket(await readFile(join(received, packet.file)))
      const { status } = opened.envelope
      const document = documents.get(status?.about.documentId ?? '')
      if (!status || !document) return
      const name = STATUS_NAMES[status.code][output.language]
      const { sender: agency } = consignment
      timeline.add(
        party.system.agencyCode,
        output.t('demo.statusReceived', { code: status.code, name, agency, document: document.shown }),
      )
      onStatus(agency, status)
    },
  })
}

/** A consignment that fails now comes again; what fails for good ends in the demonstration's deadline, with the reason told. */
function rethrowDefects(output: Output): (error: unknown) => void {
  return (error) => output.note(error instanceof Error ? error.message : String(error))
}
