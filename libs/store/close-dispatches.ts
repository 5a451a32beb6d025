import { auditCtes } from './audit-sql.ts'
import { idFloor } from './look-up.ts'
import type { Queryable } from './pool.ts'
import type { LogCursor } from './read-log.ts'

const CLOSE = `
with wanted as materialized (
  select distinct unnest($1::uuid[]) as id order by id
), ended as materialized (
  -- One by one in id order: each look-up goes to the one partition that can hold the id, whatever plan is kept.
  select l.id from wanted w cross join lateral (
    select d.id from dispatch d
    where d.id = w.id and d.state = 'ROUTED'
      -- A re-send that commits while this waits for the row has raised its version; its consignment is not in this snapshot.
      and d.version = (select seen.version from dispatch seen where seen.id = d.id)
      and not exists (select 1 from consignment c where c.dispatch_id = d.id and c.id >= $7::uuid
        and c.state not in ('ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED'))
    for update of d
  ) l
), moved as (
  update dispatch d set state = 'CLOSED', version = d.version + 1, closed_at = $2,
    retention_class = retention_class_of(d.kind, d.facts, d.system_id)
  from ended where d.id = ended.id returning d.id
), cursor as (
  insert into log_cursor (reader, epoch, index) values ($4, $5, $6)
  on conflict (reader) do update set epoch = excluded.epoch, index = excluded.index
  -- A reader that was overtaken by another must not send both back.
  where (log_cursor.epoch, log_cursor.index) < (excluded.epoch, excluded.index)
), ${auditCtes('$3', 'moved')}
select id from moved`

/**
 * Closes those of the dispatches whose consignments have all ended, and moves the reader's cursor, in one commit: a batch that
 * is lost is read again, and closing twice closes once.
 */
export async function closeDispatches(
  database: Queryable,
  batch: {
    readonly ids: readonly string[]
    readonly at: string
    readonly entries: readonly ({ readonly owner: string } & object)[]
    readonly reader: string
    readonly next: LogCursor
  },
): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>({
    name: 'close-dispatches',
    text: CLOSE,
    values: [
      batch.ids,
      batch.at,
      JSON.stringify(batch.entries),
      batch.reader,
      batch.next.epoch,
      batch.next.index,
      idFloor(batch.ids),
    ],
  })
  return rows.map((row) => row.id)
}
