import { groupBy } from '../../model/index.ts'
import { idFloor } from '../look-up.ts'
import type { Queryable } from '../pool.ts'

/** Everything the database says of one dispatch, read in one snapshot. */
export interface DispatchBundle {
  readonly dispatch: CheckedDispatch
  readonly consignments: readonly CheckedConsignment[]
  /** In the order of the log; what waits for its place comes last. */
  readonly entries: readonly CheckedEvent[]
  readonly attempts: readonly CheckedAttempt[]
  readonly keys: readonly { readonly agency_code: string; readonly consignment_id: string }[]
  readonly parts: readonly CheckedPart[]
  /** Events of which a receipt is kept. */
  readonly receipts: readonly string[]
}

export interface CheckedDispatch {
  readonly id: string
  readonly version: number
  readonly state: string
  readonly content_state: string
  readonly content_hold: boolean
  readonly traffic: string
  readonly recipients: readonly { readonly agency: string; readonly consignment: string }[]
  readonly accepted_at: Date
  readonly next_publish_at: Date
  readonly proven: boolean
  /** The database's clock in this snapshot. */
  readonly now: Date
}

export interface CheckedConsignment {
  readonly id: string
  readonly dispatch_id: string
  readonly version: number
  readonly agency_code: string
  readonly mode: string
  readonly state: string
  readonly previous_id: string | null
  readonly available_at: Date
  readonly lease_token: string | null
  readonly lease_until: Date | null
  readonly ended_at: Date | null
  readonly recall_pending: boolean
  /** Attempts made before an operator queued it again. */
  readonly attempt_base: number
  readonly attempt: number
  readonly next_attempt_at: Date | null
  readonly next_publish_at: Date | null
}

export interface CheckedEvent {
  readonly dispatch_id: string
  readonly consignment_id: string | null
  readonly id: string
  readonly event: string
  /** Of entries that say by themselves where a row went; `null` for all others, and where details were deleted. */
  readonly details: string | null
}

export interface CheckedAttempt {
  readonly consignment_id: string
  readonly attempt: number
  readonly deadline: Date
  readonly ended_at: Date | null
}

export interface CheckedPart {
  readonly dispatch_id: string
  readonly ordinal: number
  readonly role: string
  readonly size: number
  readonly sha256: Buffer
  readonly path: string | null
  readonly range_start: number | null
  readonly range_end: number | null
  readonly erased: boolean
  /** Of the bytes in the row; `null` where there are none. */
  readonly stored_size: number | null
  /** Only where it was asked for. */
  readonly stored_sha256: Buffer | null
}

/** Ids of dispatches from `after` to `before` (both left out), in their order. */
export async function listDispatchIds(
  database: Queryable,
  range: { readonly after: string; readonly before: string },
  limit: number,
): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(
    'select id from dispatch where id > $1 and id < $2 order by id limit $3',
    [range.after, range.before, limit],
  )
  return rows.map(({ id }) => id)
}

/** One row per dispatch and kind of thing; `w.id` is the dispatch's. */
const eachOf = (columns: string, from: string): string =>
  `select x.* from unnest($1::uuid[]) as w(id) cross join lateral (select ${columns} from ${from} offset 0) x`

/**
 * The bundles of these dispatches, each whole. Call it in a transaction that reads repeatably: then no move comes between.
 * @param digests whether bytes in rows are hashed
 */
export async function readBundles(
  database: Queryable,
  ids: readonly string[],
  digests: boolean,
): Promise<DispatchBundle[]> {
  const floor = idFloor(ids)
  const ask = async <R extends object>(text: string, more: readonly unknown[] = []): Promise<R[]> =>
    (await database.query<R>(text, [ids, ...more])).rows
  const dispatches = await ask<CheckedDispatch>(
    eachOf(
      `d.id, d.version, d.state, d.content_state, d.content_hold, d.traffic, d.recipients, d.accepted_at, d.next_publish_at, now() as now,
        exists (select from content_proof p where p.dispatch_id = d.id) as proven`,
      'dispatch d where d.id = w.id',
    ),
  )
  const consignments = await ask<CheckedConsignment>(
    eachOf(
      `c.id, c.dispatch_id, c.version, c.agency_code, c.mode, c.state, c.previous_id, c.available_at, c.lease_token, c.lease_until,
        c.ended_at, c.recall_pending, c.attempt, c.attempt_base, c.next_attempt_at, c.next_publish_at`,
      'consignment c where c.dispatch_id = w.id and c.id >= $2::uuid',
    ),
    [floor],
  )
  const entries = await ask<CheckedEvent>(
    `${eachOf(
      `e.dispatch_id, e.consignment_id, e.id, e.event, d.details, l.epoch, l.index,
        (select min(p.seq) from audit_pending p where p.entry_id = e.id) as seq`,
      `audit_entry e left join log_leaf l on l.entry_id = e.id
        left join audit_detail d on d.entry_id = e.id and e.event in ('ConsignmentReleased', 'ConsignmentRequeued', 'REASSIGNED',
          'BusinessRequestAgreed', 'BusinessRequestDeclined')
        where e.dispatch_id = w.id and e.id >= $2::uuid`,
    )} order by epoch nulls last, index, seq nulls last, id`,
    [floor],
  )
  const { rows: attempts } = await database.query<CheckedAttempt & { dispatch_id: string }>(
    `select w.dispatch_id, a.* from unnest($1::uuid[], $2::uuid[]) as w(id, dispatch_id) cross join lateral (
        select consignment_id, attempt, deadline, ended_at from delivery_attempt a where a.consignment_id = w.id offset 0
      ) a order by a.consignment_id, a.attempt`,
    [consignments.map(({ id }) => id), consignments.map(({ dispatch_id }) => dispatch_id)],
  )
  const keys = await ask<{ dispatch_id: string; agency_code: string; consignment_id: string }>(
    eachOf('k.dispatch_id, k.agency_code, k.consignment_id', 'submission_recipient k where k.dispatch_id = w.id'),
  )
  const parts = await ask<CheckedPart>(
    `select x.*, b.size as stored_size, b.sha256 as stored_sha256 from unnest($1::uuid[]) as w(id)
      cross join lateral (
        select c.dispatch_id, c.ordinal, c.role, c.size, c.sha256, c.path, c.range_start, c.range_end, c.erased
        from content c where c.dispatch_id = w.id offset 0
      ) x left join content_digests($1, $2) b on b.dispatch_id = x.dispatch_id and b.ordinal = x.ordinal
      order by x.dispatch_id, x.ordinal`,
    [digests],
  )
  const receipts = await ask<{ dispatch_id: string; event: string }>(
    eachOf('r.dispatch_id, r.event', 'receipt r where r.dispatch_id = w.id'),
  )
  const of = <R extends { readonly dispatch_id: string }>(rows: readonly R[]): ((id: string) => readonly R[]) => {
    const map = groupBy(rows, ({ dispatch_id }) => dispatch_id)
    return (id) => map.get(id) ?? []
  }
  const [itsConsignments, itsEntries, itsAttempts] = [of(consignments), of(entries), of(attempts)]
  const [itsKeys, itsParts, itsReceipts] = [of(keys), of(parts), of(receipts)]
  return dispatches.map((dispatch) => ({
    dispatch,
    consignments: itsConsignments(dispatch.id),
    entries: itsEntries(dispatch.id),
    attempts: itsAttempts(dispatch.id),
    keys: itsKeys(dispatch.id),
    parts: itsParts(dispatch.id),
    receipts: itsReceipts(dispatch.id).map(({ event }) => event),
  }))
}
