import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

export interface RefusalRow {
  readonly id: string
  readonly system_id: string
  readonly refused_at: string
  readonly code: string
  readonly params: object
  readonly sha256: string | null
  readonly size: number | null
}

/** Writes refused submissions of known systems, each with its audit entry (owner = refusal id). */
export async function recordRefusals(
  database: Queryable,
  refusals: readonly RefusalRow[],
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<void> {
  await database.query({
    name: 'record-refusals',
    text: `with refused as (
        insert into refusal (id, system_id, refused_at, code, params, sha256, size)
        select id, system_id, refused_at, code, params, decode(sha256, 'hex'), size
        from json_to_recordset($1) as r(id uuid, system_id uuid, refused_at timestamptz, code text, params jsonb, sha256 text, size bigint)
        returning id
      ), ${auditCtes('$2', 'refused')}
      select count(*) from refused`,
    values: [JSON.stringify(refusals), JSON.stringify(entries)],
  })
}
