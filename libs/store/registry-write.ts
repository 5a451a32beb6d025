import type { SystemId } from '../model/index.ts'
import type { Queryable } from './pool.ts'
import { AGENCY_COLUMNS, ALIAS_COLUMNS, FRONT_COLUMNS } from './registry-read.ts'
import type { AgencyDetails, AgencyRow, AliasRow, ChangedFront, Contact, FrontRow } from './registry-rows.ts'

export type NewAgency = Omit<AgencyDetails, 'aliases'> & {
  readonly nameFolded: string
  readonly shortNameFolded: string | null
}

/** Adds an agency; `undefined` when the code is there already. */
export async function insertAgency(database: Queryable, agency: NewAgency): Promise<AgencyRow | undefined> {
  const text = `insert into agency (code, name, short_name, name_folded, short_name_folded, kind, parent_code, closed_on,
      successor_code, contact, confidence, source) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    on conflict (code) do nothing returning ${AGENCY_COLUMNS}`
  const values = [
    agency.code,
    agency.name,
    agency.shortName,
    agency.nameFolded,
    agency.shortNameFolded,
    agency.kind,
    agency.parentCode,
    agency.closedOn,
    agency.successorCode,
    agency.contact,
    agency.confidence,
    agency.source,
  ]
  return (await database.query<AgencyRow>(text, values)).rows[0]
}

/** Sets fields of a contact, `null` takes one away; answers all of it, `undefined` when there is no such agency or system. */
export async function updateContact(
  database: Queryable,
  { kind, code }: { readonly kind: 'agency' | 'system'; readonly code: string },
  changes: Readonly<Record<string, string | null>>,
): Promise<Contact | undefined> {
  const text = `update ${kind} set contact = jsonb_strip_nulls(contact || $2::jsonb) where code = $1 returning contact`
  return (await database.query<{ contact: Contact }>(text, [code, JSON.stringify(changes)])).rows[0]?.contact
}

/** Which of these texts are taken: as a canonical code, or as an alias (then with the code it stands for). */
export async function readTakenCodes(database: Queryable, codes: readonly string[]): Promise<Map<string, string>> {
  const text = `select code as text, code from agency where code = any($1)
    union all select alias, code from agency_alias where alias = any($1)`
  const { rows } = await database.query<{ text: string; code: string }>(text, [codes])
  return new Map(rows.map((row) => [row.text, row.code]))
}

/** Closes a code; `undefined` when there is no such agency. */
export async function updateAgencyClosed(
  database: Queryable,
  code: string,
  closedOn: string,
  successorCode: string | null,
): Promise<AgencyRow | undefined> {
  const text = `update agency set closed_on = $2, successor_code = $3 where code = $1 returning ${AGENCY_COLUMNS}`
  return (await database.query<AgencyRow>(text, [code, closedOn, successorCode])).rows[0]
}

/** Sets an alias, replacing what it stood for; `undefined` when the agency is not there. */
export async function upsertAlias(database: Queryable, alias: AliasRow): Promise<AliasRow | undefined> {
  const text = `insert into agency_alias (alias, code, origin, valid_from, valid_to)
    select $1, code, $3, $4, $5 from agency where code = $2
    on conflict (alias) do update set code = excluded.code, origin = excluded.origin, valid_from = excluded.valid_from,
      valid_to = excluded.valid_to
    returning ${ALIAS_COLUMNS}`
  const values = [alias.alias, alias.code, alias.origin, alias.validFrom, alias.validTo]
  return (await database.query<AliasRow>(text, values)).rows[0]
}

/** Declares that a system fronts these agencies alone, where nobody else fronts them; answers how many are new. */
export async function frontUnclaimed(
  database: Queryable,
  systemCode: string,
  agencyCodes: readonly string[],
): Promise<number> {
  const text = `insert into front (agency_code, system_code, with_descendants) select a.code, $1, false
    from agency a where a.code = any($2::text[]) on conflict (agency_code) do nothing`
  return (await database.query(text, [systemCode, agencyCodes])).rowCount ?? 0
}

/** Declares that a system fronts an agency, taking it over from any other; `undefined` when one of the two is not there. */
export async function upsertFront(database: Queryable, front: FrontRow): Promise<ChangedFront | undefined> {
  const text = `with previous as (select system_code from front where agency_code = $1)
    insert into front (agency_code, system_code, with_descendants)
    select a.code, s.code, $3 from agency a, system s where a.code = $1 and s.code = $2
    on conflict (agency_code) do update set system_code = excluded.system_code,
      with_descendants = excluded.with_descendants, declared_at = now()
    returning ${FRONT_COLUMNS}, (select system_code from previous) as "previousSystem"`
  return (await database.query<ChangedFront>(text, [front.agencyCode, front.systemCode, front.withDescendants])).rows[0]
}

/** Withdraws the declaration for an agency; `undefined` when there was none. */
export async function deleteFront(database: Queryable, agencyCode: string): Promise<FrontRow | undefined> {
  const text = `delete from front where agency_code = $1 returning ${FRONT_COLUMNS}`
  return (await database.query<FrontRow>(text, [agencyCode])).rows[0]
}

/** Notes that systems were heard of, and which of them asked for what lies ready for them; changes no version. */
export async function updateSystemsSeen(
  database: Queryable,
  seen: { readonly ids: readonly SystemId[]; readonly polled: readonly SystemId[] },
  at: Date,
): Promise<void> {
  await database.query(
    `update system set last_seen_at = $3, last_polled_at = case when id = any($2::uuid[]) then $3 else last_polled_at end where id in (
       select id from system where id = any($1::uuid[]) and last_seen_at is distinct from $3 order by id for update)`,
    [seen.ids, seen.polled, at],
  )
}
