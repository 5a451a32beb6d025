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

/** Which facts of a dispatch. */
export interface ReceiptFactQuestion {
  readonly dispatchId: string
  readonly events: readonly string[]
  /** The entry after which the page begins. */
  readonly after?: string
  readonly limit: number
}

export interface ReceiptFactPage {
  /** `after` is one of the facts asked for, or absent. */
  readonly known: boolean
  readonly facts: readonly ReceiptFact[]
  /** There are facts behind this page. */
  readonly more: boolean
}

/** Behind everything that has its place in the log. */
const WAITING = `'9223372036854775807'::bigint`
const placeOf = (leaf: string, pending: string): string =>
  `coalesce(${leaf}.epoch, ${WAITING}), coalesce(${leaf}.index, ${WAITING}), coalesce(${pending}.seq, 0)`

/**
 * One page of the facts about a dispatch among `events`, in the order of the log; those it has not taken up yet follow in their order
 * of waiting. Who waits is later sequenced in that order, so pages that were read before stay what they are.
 */
export const readReceiptFacts = coalesced<ReceiptFactQuestion, ReceiptFactPage>(async (database, questions) => {
  const { rows } = await database.query<ReceiptFact & { place: number; known: boolean }>({
    name: 'read-receipt-facts',
    text: `select q.place::int, q.known, f.dispatch_id, f.entry_id, f.event, f.event_time, f.consignment_id, r.id as receipt_id, r.signing_time
      from (
        select w.*, w."after" is null or exists (select from audit_entry a
            where a.id = w."after" and a.id >= $2::uuid and a.dispatch_id = w."dispatchId" and w.events ? a.event) as known
        from rows from (jsonb_to_recordset($1) as ("dispatchId" uuid, events jsonb, "after" uuid, "limit" int)) with ordinality
          as w("dispatchId", events, "after", "limit", place)
      ) q left join lateral (
        select e.dispatch_id, e.id as entry_id, e.event, e.event_time, e.consignment_id, l.epoch, l.index, p.seq
        from audit_entry e left join log_leaf l on l.entry_id = e.id left join audit_pending p on p.entry_id = e.id
        where q.known and e.dispatch_id = q."dispatchId" and e.id >= $2::uuid and q.events ? e.event
          and (q."after" is null or (${placeOf('l', 'p')}) > (
            select ${placeOf('al', 'ap')} from (select q."after" as id) a
            left join log_leaf al on al.entry_id = a.id left join audit_pending ap on ap.entry_id = a.id))
        order by l.epoch, l.index, p.seq limit q."limit" + 1
      ) f on true left join receipt r on r.entry_id = f.entry_id
      order by q.place, f.epoch, f.index, f.seq`,
    values: [JSON.stringify(questions), idFloor(questions.map(({ dispatchId }) => dispatchId))],
  })
  const byPlace = groupBy(rows, ({ place }) => place)
  return questions.map(({ limit }, i) => {
    const own = byPlace.get(i + 1) ?? []
    const facts = own.filter(({ entry_id }) => entry_id !== null).map(({ place: _, known: __, ...fact }) => fact)
    return { known: own[0]?.known === true, facts: facts.slice(0, limit), more: facts.length > limit }
  })
}, LIST_BATCH)

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
