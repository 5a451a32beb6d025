import { auditCtes } from './audit-sql.ts'
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

/** Adds a class or changes its days, with its entry (`owner`: its own id): they count from now on for every dispatch that is in it. */
export async function setRetentionClass(
  database: Queryable,
  { code, keepDays, note }: { readonly code: string; readonly keepDays: number | null; readonly note?: string },
  entry: Entry,
): Promise<void> {
  await database.query(
    `with changed as (
       insert into retention_class (code, keep_days, note) values ($1, $2, coalesce($3, ''))
       on conflict (code) do update set keep_days = excluded.keep_days, note = coalesce($3, retention_class.note) returning code
     ), acted as (select $5::uuid as id from changed), ${auditCtes('$4', 'acted')} select code from changed`,
    [code, keepDays, note ?? null, JSON.stringify([entry]), entry.owner],
  )
}

/**
 * Sets the rule of these dispatches, with its entry (`owner`: its own id). It counts for those that are closed from now on, and before anything is deleted: content whose
 * class became another by it is not deleted as of the old one.
 */
export async function setRetentionRule(database: Queryable, rule: RetentionRule, entry: Entry): Promise<void> {
  await database.query(
    `with changed as (
       insert into retention_rule (class_code, kind, document_type, document_detail, system_id) values ($1, $2, $3, $4, $5)
       on conflict (kind, document_type, document_detail, system_id) do update set class_code = excluded.class_code returning class_code
     ), acted as (select $7::uuid as id from changed), ${auditCtes('$6', 'acted')} select class_code from changed`,
    [
      rule.classCode,
      rule.kind,
      rule.documentType,
      rule.documentDetail,
      rule.systemId,
      JSON.stringify([entry]),
      entry.owner,
    ],
  )
}
