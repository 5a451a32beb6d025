import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConsignmentView, SubmissionAnswer } from '../../libs/client/index.ts'
import type { CrashWorld } from './crash-world.ts'
import type { Party } from './parties.ts'
import type { PushedRecord } from './push-receiver.ts'

/** What a sender's store says was accepted: the signed receipt lies beside it. */
export interface Handover {
  /** Folder of the party. */
  readonly store: string
  readonly name: string
  readonly dispatch: string
  readonly recipients: readonly { readonly agency: string; readonly consignment: string }[]
  /** SHA-256 of the packet, then of each file beside it. */
  readonly parts: readonly string[]
  readonly receipt: Buffer
}

/** A status 01 that a receiver's store says was accepted. */
export interface StatusSent {
  /** The consignment it answers. */
  readonly consignment: string
  readonly packet: string
  readonly outcome: 'sent' | 'unknown' | 'refused'
}

/** What a receiver's store holds. */
export interface Arrival {
  readonly consignment: string
  readonly dispatch: string
  readonly agency: string
  readonly kind: string
  readonly parts: readonly string[]
}

/** Everything the outboxes of a party have sent. */
export function readHandovers(store: string): Handover[] {
  const outboxes = foldersIn(store).filter((name) => name.startsWith('outbox-'))
  return outboxes.flatMap((outbox) => readOutbox(store, join(store, outbox, 'sent')))
}

function readOutbox(store: string, sent: string): Handover[] {
  return foldersIn(sent).map((name) => {
    const file = (part: string): Buffer => readFileSync(join(sent, name, part))
    const { dispatch, recipients } = JSON.parse(file('answer.json').toString()) as SubmissionAnswer
    const { attachments = [] } = JSON.parse(file('item.json').toString()) as { attachments?: { file: string }[] }
    const parts = ['packet.edxml', ...attachments.map((each) => each.file)].map((part) => sha256(file(part)))
    return { store, name, dispatch, recipients, parts, receipt: file('receipt.xml') }
  })
}

/** Everything in the inboxes and at the receiver that is called, one per consignment id by its folder or file. */
export function readArrivals({ receiver }: CrashWorld, parties: readonly Party[]): Arrival[] {
  const pushed = foldersIn(join(receiver.dir, 'received')).map((name) => {
    const record = JSON.parse(readFileSync(join(receiver.dir, 'received', name), 'utf8')) as PushedRecord
    return { ...record, kind: 'document' }
  })
  return [...pushed, ...parties.flatMap(({ dir }) => readInbox(dir))]
}

/** Everything in the inbox of a party. */
export function readInbox(store: string): Arrival[] {
  const received = join(store, 'inbox/received')
  return foldersIn(received).map((name) => {
    const record = JSON.parse(readFileSync(join(received, name, 'consignment.json'), 'utf8')) as {
      consignment: ConsignmentView
      parts: { file: string; inside: boolean }[]
    }
    const { consignment, dispatch, agency, kind } = record.consignment
    const parts = record.parts.filter(({ inside }) => !inside)
    return {
      consignment,
      dispatch,
      agency,
      kind,
      parts: parts.map(({ file }) => sha256(readFileSync(join(received, name, file)))),
    }
  })
}

/** Statuses that the inbox of a party has made, with what it noted of them. */
export function readStatuses(store: string): StatusSent[] {
  const received = join(store, 'inbox/received')
  return foldersIn(received).flatMap((consignment) => {
    const file = join(received, consignment, 'status-01.edxml')
    if (!existsSync(file)) return []
    const progress = JSON.parse(readFileSync(join(received, consignment, 'progress.json'), 'utf8')) as {
      statusSentAt?: string
      statusRefused?: string
    }
    const outcome = progress.statusRefused ? 'refused' : progress.statusSentAt ? 'sent' : 'unknown'
    return [{ consignment, packet: sha256(readFileSync(file)), outcome }]
  })
}

/** Names in a folder, in order; none where it is not there. */
export function foldersIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path).sort() : []
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
