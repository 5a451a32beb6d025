import type { Queryable } from './pool.ts'

/** A fact of the log that a receipt can be made of, or was made of. */
export interface ReceiptFact {
  readonly entry_id: string
  readonly event: string
  readonly event_time: Date
  readonly consignment_id: string | null
  /** Set once the receipt was signed. */
  readonly receipt_id: string | null
  readonly signing_time: Date | null
}

/** The facts about a dispatch among `events`, in the order they were committed. */
export async function listReceiptFacts(database: Queryable, dispatchId: string, events: readonly string[]): Promise<ReceiptFact[]> {
  const { rows } = await database.query<ReceiptFact>({
    name: 'list-receipt-facts',
    text: `select e.id as entry_id, e.event, e.event_time, e.consignment_id, r.id as receipt_id, r.signing_time
      from audit_entry e left join receipt r on r.entry_id = e.id
      where e.dispatch_id = $1 and e.event = any($2::text[]) order by e.event_time, e.id`,
    values: [dispatchId, events],
  })
  return rows
}

export async function findReceiptXml(database: Queryable, entryId: string): Promise<Buffer | undefined> {
  const { rows } = await database.query<{ xml: Buffer }>({
    name: 'find-receipt-xml',
    text: 'select xml from receipt where entry_id = $1',
    values: [entryId],
  })
  return rows[0]?.xml
}

/** One entry with its details (absent once they were deleted), and the epoch's origin when it has been sequenced. */
export interface EntryWithDetails {
  readonly id: string
  readonly event: string
  readonly event_time: Date
  readonly dispatch_id: string | null
  readonly consignment_id: string | null
  readonly details: string | null
  readonly origin: string
}

export async function findEntry(database: Queryable, entryId: string): Promise<EntryWithDetails | undefined> {
  const { rows } = await database.query<EntryWithDetails>({
    name: 'find-entry',
    text: `select e.id, e.event, e.event_time, e.dispatch_id, e.consignment_id, a.details, o.origin
      from audit_entry e left join audit_detail a on a.entry_id = e.id left join log_leaf l on l.entry_id = e.id
      join log_origin o on o.epoch = coalesce(l.epoch, (select max(epoch) from log_origin)) where e.id = $1`,
    values: [entryId],
  })
  return rows[0]
}

export interface SignedReceipt {
  readonly id: string
  readonly entryId: string
  readonly dispatchId: string
  readonly consignmentId: string | null
  readonly event: string
  readonly eventTime: Date
  readonly signingTime: Date
  readonly xml: Buffer
}

/** Keeps a receipt; of two that were signed for one entry at the same time the first stays. Returns the one that is kept. */
export async function keepReceipt(database: Queryable, receipt: SignedReceipt): Promise<Buffer> {
  const { rows } = await database.query<{ xml: Buffer }>({
    name: 'keep-receipt',
    text: `insert into receipt (id, entry_id, dispatch_id, consignment_id, event, event_time, signing_time, xml)
      values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (entry_id) do nothing returning xml`,
    values: [
      receipt.id,
      receipt.entryId,
      receipt.dispatchId,
      receipt.consignmentId,
      receipt.event,
      receipt.eventTime,
      receipt.signingTime,
      receipt.xml,
    ],
  })
  const kept = rows[0]?.xml ?? (await findReceiptXml(database, receipt.entryId))
  if (!kept) throw new Error('a receipt vanished from an append-only table')
  return kept
}

/** The origin line of the log's present epoch. */
export async function readOrigin(database: Queryable): Promise<string> {
  const { rows } = await database.query<{ origin: string }>('select origin from log_origin order by epoch desc limit 1')
  if (!rows[0]) throw new Error('the log has no origin')
  return rows[0].origin
}
