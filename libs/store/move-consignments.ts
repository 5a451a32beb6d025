import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

/** One wanted move of one consignment by its receiver. At most one per consignment in a batch. */
export interface ConsignmentMove {
  readonly id: string
  /** The version the decision was made on. */
  readonly version: number
  readonly at: string
  /** `null` leaves a column as it is. */
  readonly state: string | null
  readonly lease_token: string | null
  readonly lease_seconds: number | null
  readonly lease_system: string | null
  readonly refusal_reason: string | null
  readonly refusal_text: string | null
  readonly handed_over: boolean
  readonly ended: boolean
}

const MOVE = `
with wanted as materialized (
  select m.* from json_to_recordset($1) as m(id uuid, version int, at timestamptz, state text, lease_token uuid,
    lease_seconds int, lease_system uuid, refusal_reason text, refusal_text text, handed_over boolean, ended boolean)
  order by m.id
), locked as materialized (
  -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
  select l.id from wanted w cross join lateral (
    select c.id from consignment c where c.id = w.id and c.version = w.version for update of c
  ) l
), moved as (
  update consignment c set
    version = c.version + 1,
    state = coalesce(w.state, c.state),
    lease_token = coalesce(w.lease_token, c.lease_token),
    lease_until = case when w.lease_seconds is null then c.lease_until else clock_timestamp() + make_interval(secs => w.lease_seconds) end,
    lease_system = coalesce(w.lease_system, c.lease_system),
    handed_over_at = case when w.handed_over then coalesce(c.handed_over_at, w.at) else c.handed_over_at end,
    ended_at = case when w.ended then w.at else c.ended_at end,
    -- What was given up and is acknowledged after all has no reason any more.
    refusal_reason = case when w.state = 'ACKNOWLEDGED' then null else coalesce(w.refusal_reason, c.refusal_reason) end,
    refusal_text = case when w.state = 'ACKNOWLEDGED' then null else coalesce(w.refusal_text, c.refusal_text) end
  -- Through an array: the planner then guesses few rows and looks each up in its partition instead of reading all of them.
  from unnest(array(select id from locked)) as l(id) join wanted w on w.id = l.id
  where c.id = l.id
  returning c.id, c.version, c.lease_until
), ${auditCtes('$2', 'moved')}
select id, version, lease_until from moved`

export interface MovedConsignment {
  readonly id: string
  readonly version: number
  readonly lease_until: Date | null
}

/** Compare-and-set on many consignments at once; rows whose version is another are left alone and not returned. */
export async function moveConsignments(
  database: Queryable,
  moves: readonly ConsignmentMove[],
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<Map<string, MovedConsignment>> {
  const { rows } = await database.query<MovedConsignment>({
    name: 'move-consignments',
    text: MOVE,
    values: [JSON.stringify(moves), JSON.stringify(entries)],
  })
  return new Map(rows.map((row) => [row.id, row]))
}
