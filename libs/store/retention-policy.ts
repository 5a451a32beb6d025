import { auditCtes } from './audit-sql.ts'
import { asJson } from './operations/as-seen.ts'
import type { Queryable } from './pool.ts'

/** How long content of one class is kept after its dispatch was closed. */
export interface RetentionClass {
  readonly code: string
  /** Days; `null`: never deleted by time. */
  readonly keepDays: number | null
  readonly note: string
}

/** Which dispatches fall into a class. What is `null` is not asked for; the most telling rule decides. */
export interface RetentionRule {
  readonly classCode: string
  readonly kind: 'document' | 'status' | null
  /** Of QCVN 102:2016, as the packet says it. */
  readonly documentType: string | null
  readonly documentDetail: string | null
  readonly systemId: string | null
}

/** Every class, by code. */
export async function listRetentionClasses(database: Queryable): Promise<RetentionClass[]> {
  const { rows } = await database.query<RetentionClass>(
    `select code, keep_days as "keepDays", note from retention_class order by code`,
  )
  return rows
}

/** Every rule, the general ones first. */
export async function listRetentionRules(database: Queryable): Promise<RetentionRule[]> {
  const { rows } = await database.query<RetentionRule>(
    `select class_code as "classCode", kind, document_type as "documentType", document_detail as "documentDetail",
      system_id as "systemId"
     from retention_rule order by system_id nulls first, document_detail nulls first, document_type nulls first, kind nulls first`,
  )
  return rows
}

type Entry = { readonly owner: string } & object

/** The days of a class, and whether there is one. */
export interface ClassSeen {
  readonly there: boolean
  readonly keepDays: number | null
}

/** The class that a rule names; `null`: there is no such rule. */
export interface RuleSeen {
  readonly classCode: string | null
}

export async function seeRetentionClass(database: Queryable, code: string): Promise<ClassSeen> {
  const { rows } = await database.query<ClassSeen>(
    `select true as there, keep_days as "keepDays" from retention_class where code = $1`,
    [code],
  )
  return rows[0] ?? { there: false, keepDays: null }
}

export async function seeRetentionRule(
  database: Queryable,
  { kind, documentType, documentDetail, systemId }: Omit<RetentionRule, 'classCode'>,
): Promise<RuleSeen> {
  const { rows } = await database.query<RuleSeen>(
    `select class_code as "classCode" from retention_rule where kind is not distinct from $1 and document_type is not distinct from $2
       and document_detail is not distinct from $3 and system_id is not distinct from $4`,
    [kind, documentType, documentDetail, systemId],
  )
  return rows[0] ?? { classCode: null }
}

/**
 * Adds a class or changes its days, with its entry (`owner`: its own id): they count from now on for every dispatch that is in it. Answers
 * whether it did: with `seen` only where the class stands as it was seen.
 */
export async function setRetentionClass(
  database: Queryable,
  { code, keepDays, note }: { readonly code: string; readonly keepDays: number | null; readonly note?: string },
  entry: Entry,
  seen?: ClassSeen,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `with changed as (
       insert into retention_class as k (code, keep_days, note) values ($1, $2, coalesce($3, ''))
       on conflict (code) do update set keep_days = excluded.keep_days, note = coalesce($3, k.note)
         where $6::json is null
           or (($6::json ->> 'there')::boolean and k.keep_days is not distinct from ($6::json ->> 'keepDays')::int)
       returning code
     ), acted as (select $5::uuid as id from changed), ${auditCtes('$4', 'acted')} select code from changed`,
    [code, keepDays, note ?? null, JSON.stringify([entry]), entry.owner, asJson(seen)],
  )
  return rowCount === 1
}

/**
 * Sets the rule of these dispatches, with its entry (`owner`: its own id). It counts for those that are closed from now on, and before anything is deleted: content whose
 * class became another by it is not deleted as of the old one. Answers whether it did: with `seen` only where the rule stands as it was seen.
 */
export async function setRetentionRule(
  database: Queryable,
  rule: RetentionRule,
  entry: Entry,
  seen?: RuleSeen,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `with changed as (
       insert into retention_rule as r (class_code, kind, document_type, document_detail, system_id) values ($1, $2, $3, $4, $5)
       on conflict (kind, document_type, document_detail, system_id) do update set class_code = excluded.class_code
         where $8::json is null or r.class_code = $8::json ->> 'classCode'
       returning class_code
     ), acted as (select $7::uuid as id from changed), ${auditCtes('$6', 'acted')} select class_code from changed`,
    [
      rule.classCode,
      rule.kind,
      rule.documentType,
      rule.documentDetail,
      rule.systemId,
      JSON.stringify([entry]),
      entry.owner,
      asJson(seen),
    ],
  )
  return rowCount === 1
}
