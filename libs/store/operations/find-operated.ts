import { idFloor } from '../look-up.ts'
import type { Queryable } from '../pool.ts'

/**
 * Which of these consignments an approved request has moved already, by the log: whoever carried it out may have died before telling.
 * @param request id of the request; what it did is younger
 */
export async function findOperated(
  database: Queryable,
  request: string,
  event: string,
  moves: readonly { readonly id: string; readonly dispatch: string }[],
): Promise<Set<string>> {
  const { rows } = await database.query<{ id: string }>({
    name: 'find-operated',
    text: `select w.id from json_to_recordset($1) as w(id uuid, dispatch uuid)
      where exists (select from audit_entry e join audit_detail d on d.entry_id = e.id
        where e.dispatch_id = w.dispatch and e.id >= $4 and e.consignment_id = w.id and e.event = $2
          and d.details::json ->> 'operation' = $3)`,
    values: [JSON.stringify(moves.map(({ id, dispatch }) => ({ id, dispatch }))), event, request, idFloor([request])],
  })
  return new Set(rows.map(({ id }) => id))
}
