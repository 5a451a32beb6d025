import type { LeasedConsignment, PartView } from '../../libs/client/index.ts'
import type { KeptPacket } from './bridge-state.ts'

/** One recipient of a packet on its way to the other axis. */
export interface Recipient {
  readonly consignment: string
  /** Good for ending the consignment until it is leased again. */
  readonly lease: string
  /** As the packet writes it. */
  readonly code: string
}

/** Recipients who are sent to in one call, and what became of it. */
export interface Lot {
  readonly recipients: readonly Recipient[]
  /** RFC 3339: a call was begun, and nobody knows its outcome. */
  readonly attemptAt?: string
  /** When the last such call was begun. */
  readonly triedAt?: string
  /** Under what id the other axis took it. */
  readonly docId?: string
  /** Why it did not. */
  readonly refused?: { readonly code: string; readonly text: string }
}

/** Consignments of one dispatch that were leased together; each step is on disk before the next. */
export interface OutwardBatch {
  readonly dispatch: string
  readonly kind: 'document' | 'status'
  readonly sender: string
  /** By which the other axis's list of sent packets is searched. */
  readonly notation: string
  readonly title: string
  readonly packet?: KeptPacket
  readonly lots: readonly Lot[]
}

/** A file name of its own for what is leased together. */
export const batchName = ({ item }: LeasedConsignment): string => `${item.dispatch}.${item.consignment}`

export function newBatch(leased: readonly [LeasedConsignment, ...LeasedConsignment[]]): OutwardBatch {
  const { dispatch, kind, sender, number, notation, subject } = leased[0].item
  return {
    dispatch,
    kind: kind === 'status' ? 'status' : 'document',
    sender,
    notation: number === '' ? notation : `${number}/${notation}`,
    title: subject,
    lots: [{ recipients: leased.map(recipientOf) }],
  }
}

const recipientOf = ({ item, lease }: LeasedConsignment): Recipient => ({
  consignment: item.consignment,
  lease,
  code: item.asWritten[0] ?? item.agency,
})

/** The same batch with the newest leases. */
export function withLeases(batch: OutwardBatch, leases: ReadonlyMap<string, string>): OutwardBatch {
  const renew = (recipient: Recipient): Recipient => ({
    ...recipient,
    lease: leases.get(recipient.consignment) ?? recipient.lease,
  })
  return { ...batch, lots: batch.lots.map((lot) => ({ ...lot, recipients: lot.recipients.map(renew) })) }
}

export const consignmentsOf = ({ lots }: OutwardBatch): string[] =>
  lots.flatMap(({ recipients }) => recipients.map(({ consignment }) => consignment))

/** Of these one is sent at a time: then at most one outcome is unknown, and the list of sent packets can tell it. */
export const lineOf = ({ sender }: OutwardBatch): string => sender

export const isEnvelope = ({ ordinal }: PartView): boolean => ordinal === 0
