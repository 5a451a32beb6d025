import type { Connection, Queryable } from './pool.ts'

export interface LogPosition {
  readonly epoch: number
  readonly origin: string
  /** Index the next leaf will get. */
  readonly nextIndex: number
}

/** Takes the one place of the sequencer for as long as the connection lives; `false` when another holds it. */
export async function tryLeadSequencer(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query<{ taken: boolean }>(
    `select pg_try_advisory_lock(hashtext('lienthong.sequencer')) as taken`,
  )
  return rows[0]?.taken === true
}

/** Where the log ends: the newest epoch and its next free index. */
export async function readLogEnd(connection: Queryable): Promise<LogPosition> {
  const { rows } = await connection.query<{ epoch: number; origin: string; next: number }>(
    `select o.epoch, o.origin, coalesce((select max(index) + 1 from log_leaf l where l.epoch = o.epoch), 0) as next
     from log_origin o order by o.epoch desc limit 1`,
  )
  const end = rows[0]
  if (!end) throw new Error('the log has no origin')
  return { epoch: end.epoch, origin: end.origin, nextIndex: end.next }
}

export interface SequencedLeaf {
  readonly index: number
  readonly leaf_hash: Buffer
}

/**
 * Gives waiting entries their indexes in the order of `audit_pending.seq`, on the connection that holds the lock, in one
 * statement. A sequence gap of a transaction that is still open is no hole: its entries follow later, causes first, since
 * an effect begins after its cause committed.
 */
export async function sequenceEntries(
  connection: Connection,
  epoch: number,
  nextIndex: number,
  limit: number,
): Promise<SequencedLeaf[]> {
  const { rows } = await connection.query<SequencedLeaf>({
    name: 'sequence-entries',
    text: `with taken as materialized (
        delete from audit_pending where seq in (select seq from audit_pending order by seq limit $3)
        returning seq, entry_id, leaf_hash
      )
      insert into log_leaf (epoch, index, entry_id, leaf_hash)
      select $1, $2 + row_number() over (order by seq) - 1, entry_id, leaf_hash from taken order by seq
      returning index, leaf_hash`,
    values: [epoch, nextIndex, limit],
  })
  return rows.sort((a, b) => a.index - b.index)
}
