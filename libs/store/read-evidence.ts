import { groupBy } from '../model/index.ts'
import { coalesced, coalescedFind, LIST_BATCH } from './coalesce.ts'
import { idFloor, rowById } from './look-up.ts'
import type { Queryable } from './pool.ts'

/** A fact of the log that a receipt can be made of, or was made of. */
export interface ReceiptFact {
  readonly dispatch_id: string
  readonly entry_id: string
  readonly event: string
  readonly event_time: Date
  readonly consignment_id: string | null
  /** Set once the receipt was signed. */
  readonly receipt_id: string | null
  readonly signing_time: Date | null
}

/** The facts about a dispatch among `events`, in the order of the log; those it has not taken up yet follow in their order of waiting. */
export function listReceiptFacts(
  database: Queryable,
  dispatchId: string,
  events: readonly string[],
): Promise<ReceiptFact[]> {
  return factsOf(database, { dispatchId, events })
}

const factsOf = coalesced<{ dispatchId: string; events: readonly string[] }, ReceiptFact[]>(
  async (database, questions) => {
    const ids = [...new Set(questions.map(({ dispatchId }) => dispatchId))]
    const { rows } = await database.query<ReceiptFact>({
      name: 'list-receipt-facts',
      text: `select e.dispatch_id, e.id as entry_id, e.event, e.event_time, e.consignment_id, r.id as receipt_id, r.signing_time
      from audit_entry e left join receipt r on r.entry_id = e.id
        left join log_leaf l on l.entry_id = e.id left join audit_pending p on p.entry_id = e.id
      where e.dispatch_id = any($1::uuid[]) and e.id >= $3::uuid and e.event = any($2::text[]) order by l.epoch, l.index, p.seq`,
      values: [ids, [...new Set(questions.flatMap(({ events }) => events))], idFloor(ids)],
    })
    const byDispatch = groupBy(rows, (row) => row.dispatch_id)
    return questions.map(({ dispatchId, events }) =>
      (byDispatch.get(dispatchId) ?? []).filter((row) => events.includes(row.event)),
    )
  },
  LIST_BATCH,
)

export async function findReceiptXml(database: Queryable, entryId: string): Promise<Buffer | undefined> {
  return (await findXml(database, entryId))?.xml
}

const findXml = coalescedFind<{ readonly entry_id: string; readonly xml: Buffer }>(
  async (database, entryIds) => {
    const { rows } = await database.query<{ entry_id: string; xml: Buffer }>({
      name: 'find-receipt-xml',
      text: 'select entry_id, xml from receipt where entry_id = any($1::uuid[])',
      values: [entryIds],
    })
    return rows
  },
  (row) => row.entry_id,
)

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

export const findEntry = coalescedFind<EntryWithDetails>(
  async (database, entryIds) => {
    const { rows } = await database.query<EntryWithDetails>({
      name: 'find-entry',
      text: `select e.id, e.event, e.event_time, e.dispatch_id, e.consignment_id, a.details, o.origin
      from unnest($1::uuid[]) as w(id) ${rowById('audit_entry', 'w.id', 'e')}
      left join audit_detail a on a.entry_id = e.id left join log_leaf l on l.entry_id = e.id
      join log_origin o on o.epoch = coalesce(l.epoch, (select max(epoch) from log_origin))`,
      values: [entryIds],
    })
    return rows
  },
  (row) => row.id,
)

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
  if (await keep(database, receipt)) return receipt.xml
  const kept = await findReceiptXml(database, receipt.entryId)
  if (!kept) throw new Error('a receipt vanished from an append-only table')
  return kept
}

/** Answers whether a receipt is the one that is kept. Rows go in by entry, so that two processes cannot wait for each other. */
const keep = coalesced<SignedReceipt, boolean>(async (database, receipts) => {
  let end = 0
  const places = receipts.map(({ xml, ...receipt }) => {
    end += xml.length
    return { ...receipt, offset: end - xml.length, length: xml.length }
  })
  const { rows } = await database.query<{ id: string }>({
    name: 'keep-receipts',
    text: `insert into receipt (id, entry_id, dispatch_id, consignment_id, event, event_time, signing_time, xml)
      select r.id, r."entryId", r."dispatchId", r."consignmentId", r.event, r."eventTime", r."signingTime",
        substring($2::bytea from r."offset" + 1 for r.length)
      from json_to_recordset($1) as r(id uuid, "entryId" uuid, "dispatchId" uuid, "consignmentId" uuid, event text,
        "eventTime" timestamptz, "signingTime" timestamptz, "offset" int, length int)
      order by r."entryId", r.id on conflict (entry_id) do nothing returning id`,
    values: [
      JSON.stringify(places),
      Buffer.concat(
        receipts.map(({ xml }) => xml),
        end,
      ),
    ],
  })
  const kept = new Set(rows.map(({ id }) => id))
  return receipts.map(({ id }) => kept.has(id))
})

/** The origin line of the log's present epoch. */
export async function readOrigin(database: Queryable): Promise<string> {
  const { rows } = await database.query<{ origin: string }>('select origin from log_origin order by epoch desc limit 1')
  if (!rows[0]) throw new Error('the log has no origin')
  return rows[0].origin
}
