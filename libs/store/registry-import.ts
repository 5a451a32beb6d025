import type { Queryable } from './pool.ts'
import type { NewAgency } from './registry-write.ts'

/** A row of a directory file, checked by itself; how it stands to the other rows and to the registry is checked in SQL. */
export interface StagedAgency extends Omit<NewAgency, 'contact'> {
  /** Where it begins in the file, for problems. */
  readonly line: number
  /** The other spelling that the rule gives for the code. */
  readonly image: string | null
  /** `null` takes a field away. */
  readonly contact: Readonly<Record<string, string | null>>
  readonly aliases: readonly string[]
  /** Names of the fields the file speaks of; the others stay as they are. */
  readonly present: readonly string[]
}

export interface StagedProblem {
  readonly line: number
  readonly problem: 'twice' | 'taken' | 'alias-taken' | 'no-successor'
  /** The code that is meant, and the agency that has it. */
  readonly code: string
  readonly owner: string
}

export interface MergedAgencies {
  readonly added: number
  readonly changed: number
}

/** Makes the table a file is read into; it goes with the transaction. Nobody else may add agencies until then. */
export async function createImportTable(database: Queryable): Promise<void> {
  await database.query(`set local statement_timeout = '10min'; set local jit = off; set local work_mem = '64MB';
    lock table agency, agency_alias in share row exclusive mode;
    create temp table import_agency (
      line int, code text collate "C", name text, "shortName" text, "nameFolded" text, "shortNameFolded" text, kind text,
      "parentCode" text collate "C", "closedOn" date, "successorCode" text collate "C", contact jsonb, confidence text,
      source text, image text collate "C", aliases text[], present text[]) on commit drop`)
}

/** Puts rows into the table. */
export async function stageAgencies(database: Queryable, rows: readonly StagedAgency[]): Promise<void> {
  const text = 'insert into import_agency select * from jsonb_populate_recordset(null::import_agency, $1::jsonb)'
  await database.query({ name: 'registry-stage', text, values: [JSON.stringify(rows)] })
}

/** What is wrong between the rows and with the registry, by line; at most `limit`. */
export async function findImportProblems(database: Queryable, limit: number): Promise<StagedProblem[]> {
  await database.query('analyze import_agency')
  const text = `with canonical as (select code from import_agency union select code from agency),
    listed as (select line, code, unnest(aliases) collate "C" as alias from import_agency)
    select line, 'twice' as problem, code, code as owner
      from (select line, code, row_number() over (partition by code order by line) as nth from import_agency) n where nth > 1
    union all
    select i.line, 'taken', i.code, c.code from import_agency i join canonical c on c.code = i.image
    union all
    select i.line, 'taken', i.code, a.code from import_agency i join agency_alias a on a.alias = i.code
    union all
    select i.line, 'no-successor', i."successorCode", i."successorCode" from import_agency i
      where i."successorCode" is not null and not exists (select from canonical c where c.code = i."successorCode")
    union all
    select l.line, 'alias-taken', l.alias, l.alias from listed l join canonical c on c.code = l.alias
    union all
    select l.line, 'alias-taken', l.alias, f.code from listed l
      join (select alias, min(code) as code from listed group by alias having min(code) <> max(code)) f on f.alias = l.alias
      where l.code <> f.code
    order by line limit $1`
  return (await database.query<StagedProblem>(text, [limit])).rows
}

/** Adds and changes agencies from the table, in one statement; rows that say nothing new are left alone. */
export async function mergeAgencies(database: Queryable): Promise<MergedAgencies> {
  const kept = (field: string, column: string): string =>
    `case when '${field}' = any(i.present) or o.code is null then i."${field}" else o.${column} end`
  const text = `with merged as (
    insert into agency as a (code, name, short_name, name_folded, short_name_folded, kind, parent_code, closed_on,
      successor_code, contact, confidence, source)
    select i.code, i.name, ${kept('shortName', 'short_name')}, i."nameFolded",
      case when 'shortName' = any(i.present) or o.code is null then i."shortNameFolded" else o.short_name_folded end,
      ${kept('kind', 'kind')}, ${kept('parentCode', 'parent_code')}, ${kept('closedOn', 'closed_on')},
      case when ${kept('closedOn', 'closed_on')} is not null then ${kept('successorCode', 'successor_code')} end, jsonb_strip_nulls(coalesce(o.contact, '{}') || i.contact),
      ${kept('confidence', 'confidence')}, ${kept('source', 'source')}
    from import_agency i left join agency o on o.code = i.code
    on conflict (code) do update set name = excluded.name, short_name = excluded.short_name,
      name_folded = excluded.name_folded, short_name_folded = excluded.short_name_folded, kind = excluded.kind,
      parent_code = excluded.parent_code, closed_on = excluded.closed_on, successor_code = excluded.successor_code,
      contact = excluded.contact, confidence = excluded.confidence, source = excluded.source
    where (a.name, a.short_name, a.kind, a.parent_code, a.closed_on, a.successor_code, a.contact, a.confidence, a.source)
      is distinct from (excluded.name, excluded.short_name, excluded.kind, excluded.parent_code, excluded.closed_on,
        excluded.successor_code, excluded.contact, excluded.confidence, excluded.source)
    returning xmax = 0 as added)
    select count(*) filter (where added) as added, count(*) filter (where not added) as changed from merged`
  const { rows } = await database.query<MergedAgencies>(text)
  return rows[0] ?? { added: 0, changed: 0 }
}

/**
 * Sets the aliases of the table, origin `directory`; answers how many are new or mean another agency now. What the rule says
 * anyway needs no row, unless a row says otherwise.
 */
export async function mergeAliases(database: Queryable): Promise<number> {
  const text = `insert into agency_alias as a (alias, code, origin)
    select distinct l.alias, l.code, 'directory'
      from (select code, image, unnest(aliases) collate "C" as alias from import_agency) l
      where l.alias is distinct from l.image or exists (select from agency_alias known where known.alias = l.alias)
    on conflict (alias) do update set code = excluded.code, origin = excluded.origin, valid_from = null, valid_to = null
      where a.code <> excluded.code`
  return (await database.query(text)).rowCount ?? 0
}
