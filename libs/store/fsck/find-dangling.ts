import type { Queryable } from '../pool.ts'

/** Tables whose rows name a row of another one, and the column they name it by. */
export const REFERENCES = {
  consignment: { column: 'dispatch_id', target: 'dispatch', index: 'id' },
  audit_entry: { column: 'dispatch_id', target: 'dispatch', index: 'dispatch_id' },
  content: { column: 'dispatch_id', target: 'dispatch', index: 'dispatch_id' },
  submission_recipient: { column: 'dispatch_id', target: 'dispatch', index: 'dispatch_id' },
  reply_link: { column: 'dispatch_id', target: 'dispatch', index: 'dispatch_id' },
  status_report: { column: 'dispatch_id', target: 'dispatch', index: 'dispatch_id' },
  receipt: { column: 'entry_id', target: 'audit_entry', index: 'id' },
  delivery_attempt: { column: 'consignment_id', target: 'consignment', index: 'consignment_id' },
} as const
export type ReferringTable = keyof typeof REFERENCES

export interface DanglingPage {
  /** Ids that are named (of consignments and receipts: of the rows themselves) without a row. */
  readonly dangling: readonly string[]
  /** Where the page ended; `null`: at the end of the table. */
  readonly last: string | null
}

/**
 * One page of a table, and which of its references lead nowhere. What is older than `floor` may lie in the archive and is left out.
 */
export async function findDangling(
  database: Queryable,
  table: ReferringTable,
  place: { readonly after: string; readonly floor: string },
  limit: number,
): Promise<DanglingPage> {
  const { column, target, index } = REFERENCES[table]
  // Read along the index and no further than the page: rows by their own id are unique, others may name the same one several times.
  const distinct = index === 'id' ? '' : 'distinct'
  const page = `select ${distinct} ${index} as id, ${column} as reference from ${table} where ${index} > $1 order by ${index} limit $3`
  const { rows } = await database.query<{ dangling: string[] | null; last: string | null }>(
    `select array_agg(p.id order by p.id) filter (where t.id is null and p.reference >= $2::uuid) as dangling,
        (array_agg(p.id order by p.id desc))[1] as last
      from (
        ${page}
      ) p left join lateral (select id from ${target} t where t.id = p.reference offset 0) t on true`,
    [place.after, place.floor, limit],
  )
  return { dangling: rows[0]?.dangling ?? [], last: rows[0]?.last ?? null }
}

/** Where the living tables begin: everything older than this id was put away. */
export async function readLivingFloor(database: Queryable): Promise<string> {
  const { rows } = await database.query<{ floor: string }>(
    `select uuid_floor(to_timestamp(min(month) || '01 00:00:00+00', 'YYYYMMDD HH24:MI:SSTZH'))::text as floor
      from partition_month where parent = 'dispatch' and not archived`,
  )
  return rows[0]?.floor ?? '00000000-0000-0000-0000-000000000000'
}
