import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Party } from '../../model/index.ts'
import type { Client } from '../create-client.ts'
import { writeDurably } from '../durable-file.ts'
import { type PacketSigner, signReceipt } from '../packet-signer.ts'
import { ClientError } from '../transport/client-error.ts'
import { writeSignedStatus } from '../write-signed-packet.ts'
import type { Progress, Received, ReceivedFolders } from './received-folder.ts'

const STATUS_FILE = 'status-01.edxml'

export interface FinishOptions {
  readonly client: Pick<Client, 'acknowledge' | 'submit'>
  /** Signs status 01, and with `ownSignature` also the acknowledgement, for an agency; without a signer neither is made. */
  readonly signerOf?: (agencyCode: string) => PacketSigner | undefined
  /** How an agency names itself in statuses; its code alone unless told. */
  readonly partyOf?: (agencyCode: string) => Party
  readonly ownSignature?: boolean
  /** What the application does with a document or status; called again after a crash before it ended, with the same consignment. */
  readonly onReceived?: (received: Received) => Promise<void> | void
}

/**
 * The steps after storing, each noted before the next: acknowledge, status 01, hand to the application. Answers `false` when
 * the lease was lost to another worker: the consignment will be leased again, and goes on from here.
 */
export async function finishConsignment(
  folders: ReceivedFolders,
  received: Received,
  options: FinishOptions,
): Promise<boolean> {
  const id = received.consignment.consignment
  const progress = await folders.progress(id)
  if (!progress.acknowledgedAt && progress.withdrawn === undefined) {
    if (!(await acknowledge(received, progress, options))) return false
    await folders.note(id, progress)
  }
  if (progress.withdrawn === undefined) {
    if (received.consignment.kind === 'document' && !progress.statusSentAt && progress.statusRefused === undefined) {
      await sendArrived(received, progress, options)
      await folders.note(id, progress)
    }
    if (!progress.handledAt) {
      await options.onReceived?.(received)
      progress.handledAt = new Date().toISOString()
      await folders.note(id, progress)
    }
  }
  await folders.close(id)
  return true
}

async function acknowledge({ consignment }: Received, progress: Progress, options: FinishOptions): Promise<boolean> {
  const signer = options.ownSignature ? options.signerOf?.(consignment.agency) : undefined
  const [ended] = await options.client.acknowledge([
    {
      consignment: consignment.consignment,
      lease: progress.lease ?? '',
      ...(signer ? { signature: signReceipt('acknowledge', consignment, signer) } : {}),
    },
  ])
  if (ended?.ok) progress.acknowledgedAt = new Date().toISOString()
  else if (
    ended?.code === 'LT_BOX_LATE' ||
    ended?.code === 'LT_BOX_ALREADY_ENDED' ||
    ended?.code === 'LT_BOX_NOT_FOUND'
  ) {
    progress.withdrawn = ended.code
  } else return false
  return true
}

/** The bytes are kept before they are sent: a repetition after a crash is the same submission. */
async function sendArrived(
  { consignment, folder }: Received,
  progress: Progress,
  options: FinishOptions,
): Promise<void> {
  const { agency, sender, documentId, number, notation } = consignment
  const signer = options.signerOf?.(agency)
  if (!signer) return
  const file = join(folder, STATUS_FILE)
  if (!existsSync(file)) {
    const about = { agency: sender, code: `${number}/${notation}`, documentId }
    await writeDurably(
      file,
      writeSignedStatus({ sender: options.partyOf?.(agency) ?? { code: agency }, about, code: '01', signer }),
    )
  }
  try {
    await options.client.submit({ packet: file, idempotencyKey: `${consignment.consignment}-01` })
    progress.statusSentAt = new Date().toISOString()
  } catch (error) {
    if (!(error instanceof ClientError) || error.isTemporary || error.fault.status >= 500) throw error
    progress.statusRefused = error.code
  }
}
