/**
 * The part of a moving statement that writes its audit entries: entry, details and the row the sequencer waits for, in the
 * order of `ord`. Only entries whose `owner` the statement really moved are written.
 *
 * @param parameter the statement's JSON parameter, an array of {owner, ...SealedEntry} in order of cause, e.g. `$4`
 * @param moved a CTE or subquery with the ids that were moved, in a column `id`
 */
export function auditCtes(parameter: string, moved: string): string {
  return `
  audit_rows as materialized (
    select e.* from rows from (json_to_recordset(${parameter}) as (owner uuid, id uuid, event text, event_time timestamptz,
      dispatch_id uuid, consignment_id uuid, salt text, details text, details_digest text, leaf_hash text)) with ordinality
      as e(owner, id, event, event_time, dispatch_id, consignment_id, salt, details, details_digest, leaf_hash, ord)
    where e.owner in (select id from ${moved})
  ), audit_entries as (
    insert into audit_entry (id, event, event_time, dispatch_id, consignment_id, details_digest, leaf_hash)
    select id, event, event_time, dispatch_id, consignment_id, decode(details_digest, 'hex'), decode(leaf_hash, 'hex')
    from audit_rows
  ), audit_details as (
    insert into audit_detail (entry_id, salt, details)
    select id, decode(salt, 'hex'), details from audit_rows
  ), audit_queue as (
    insert into audit_pending (entry_id, leaf_hash)
    select id, decode(leaf_hash, 'hex') from audit_rows order by ord
  )`
}
