import { sabotaged } from '../runtime/index.ts'
import { auditCtes } from './audit-sql.ts'
import { beside, idFloor } from './look-up.ts'
import type { Queryable } from './pool.ts'

/** A dispatch whose content may go: closed, kept long enough by its class, under no hold, and nothing is asked of it. */
export interface DueContent {
  readonly id: string
  readonly accepted_at: Date
  readonly closed_at: Date
}

/** Where the last page of due content ended. */
export type DuePlace = Pick<DueContent, 'id' | 'closed_at'>

// A planted defect lets a hold be overlooked.
const FREE = (): string => (sabotaged('delete-under-hold') ? 'true' : 'not d.content_hold')

/**
 * Nobody waits for an answer about it: a receiver that is to give it back, or to take a change, may still have to look at it, and its
 * sender to prove what it was.
 */
const UNASKED = `not exists (select from business_request r where r.target_dispatch_id = d.id and r.outcome = 'pending')`

/** Content that is due, in the order in which the dispatches were closed, behind `after`. */
export async function findDueContent(
  database: Queryable,
  limit: number,
  after?: DuePlace | undefined,
): Promise<DueContent[]> {
  const { rows } = await database.query<DueContent>({
    text: `select d.* from retention_class k cross join lateral (
        select d.id, d.accepted_at, d.closed_at from dispatch d
        where d.state = 'CLOSED' and d.content_state = 'KEPT' and ${FREE()} and d.retention_class = k.code
          and d.closed_at <= now() - make_interval(days => k.keep_days) and ${UNASKED}
          and (d.closed_at, d.id) > ($2::timestamptz, $3::uuid)
        order by d.closed_at, d.id limit $1 offset 0
      ) d where k.keep_days is not null order by d.closed_at, d.id limit $1`,
    values: [limit, after?.closed_at.toISOString() ?? '-infinity', after?.id ?? '00000000-0000-0000-0000-000000000000'],
  })
  return rows
}

/** Deletions that were begun and not finished; whoever begins to sweep ends them first. */
export async function findBegunDeletions(database: Queryable, limit: number): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>({
    text: `select id from dispatch where content_state = 'DELETING' order by id limit $1`,
    values: [limit],
  })
  return rows.map(({ id }) => id)
}

/** What of a packet's signature outlives the packet. */
export interface ContentProof {
  /** The `ds:Signature` element, byte for byte; `null` where there was none. */
  readonly signature: Buffer | null
  /** Namespaces in force where it stood, by prefix (`''`: the default one): the canonical form depends on them. */
  readonly namespaces: Readonly<Record<string, string>>
  /** PEM certificates, the signer's first. */
  readonly chain: string
}

/**
 * Locks a dispatch before its deletion begins, in the same transaction: what recalls and updates ask of it was then committed before
 * and is seen by the next statement, or waits and comes after.
 */
export async function lockContent(database: Queryable, id: string): Promise<void> {
  await database.query('select from dispatch where id = $1 for update', [id])
}

/**
 * KEPT → DELETING, with what proves the signature, in one commit. `false` when it may not go (any more): reopened, held, asked
 * for, not long enough, of another class by now, or begun by somebody else. Requeue, re-send and hold lock the same row and see the state.
 */
export async function beginDeletion(database: Queryable, id: string, proof: ContentProof): Promise<boolean> {
  const { rowCount } = await database.query({
    text: `with locked as materialized (
        select d.id from dispatch d
        where d.id = $1 and d.state = 'CLOSED' and d.content_state = 'KEPT' and ${FREE()} and ${UNASKED}
          and d.retention_class = retention_class_of(d.kind, d.facts, d.system_id)
          and exists (select from retention_class k where k.code = d.retention_class
            and d.closed_at <= now() - make_interval(days => k.keep_days))
          and not exists (select from consignment c where c.dispatch_id = d.id and c.id >= $5::uuid
            and c.state not in ('ACKNOWLEDGED', 'REFUSED', 'DEAD', 'EXPIRED', 'RECALLED'))
        for update of d
      ), moved as (
        update dispatch d set content_state = 'DELETING' from locked l where d.id = l.id returning d.id
      ), proof as (
        insert into content_proof (dispatch_id, signature, namespaces, chain, made_at)
        select id, $2, $3, $4, now() from moved on conflict do nothing
      )
      select id from moved`,
    values: [id, proof.signature, JSON.stringify(proof.namespaces), proof.chain, idFloor([id])],
  })
  return rowCount === 1
}

/** Empties the rows of a dispatch whose deletion is committed; what the parts were called, their sizes and digests stay. */
export async function eraseContent(database: Queryable, id: string): Promise<void> {
  await database.query('select erase_content($1)', [id])
}

/** DELETING → DELETED with its entry. `false` when somebody else was faster. */
export async function endDeletion(
  database: Queryable,
  id: string,
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<boolean> {
  const { rowCount } = await database.query({
    text: `with locked as materialized (
        select d.id from dispatch d where d.id = $1 and d.content_state = 'DELETING' for update of d
      ), moved as (
        update dispatch d set content_state = 'DELETED' from locked l where d.id = l.id returning d.id
      ), ${auditCtes('$2', 'moved')}
      select id from moved`,
    values: [id, JSON.stringify(entries)],
  })
  return rowCount === 1
}

/** Where the last page of content without a class ended. `closed_at` as the database writes it, to the microsecond. */
export interface ClassifyPlace {
  readonly closed_at: string
  readonly id: string
}

/**
 * Gives closed dispatches the class they fall into now: a page of those that have none yet, behind `after`, and those of `ids`.
 * Answers where the page ended, `undefined` when there was none: some may stay without a class, because no rule fits them.
 */
export async function classifyContent(
  database: Queryable,
  {
    ids = [],
    limit = 1000,
    after,
  }: { readonly ids?: readonly string[]; readonly limit?: number; readonly after?: ClassifyPlace | undefined } = {},
): Promise<ClassifyPlace | undefined> {
  const { rows } = await database.query<ClassifyPlace>({
    text: `with chosen as materialized (
        select d.id, d.closed_at from dispatch d
        where d.state = 'CLOSED' and d.content_state = 'KEPT' and not d.content_hold and d.retention_class is null
          and (d.closed_at, d.id) > ($3::timestamptz, $4::uuid)
        order by d.closed_at, d.id limit $2
      ), wanted as materialized (
        select id from chosen union select unnest($1::uuid[]) order by id
      ), locked as materialized (
        select l.* from wanted w cross join lateral (
          select d.id, retention_class_of(d.kind, d.facts, d.system_id) as class from dispatch d
          where d.id = w.id and ${beside('d.state')} = 'CLOSED' and ${beside('d.content_state')} = 'KEPT'
            and d.retention_class is distinct from retention_class_of(d.kind, d.facts, d.system_id)
          for update of d
        ) l
      ), changed as (
        update dispatch d set retention_class = l.class from locked l where d.id = l.id
      )
      select c.closed_at::text, c.id from chosen c order by c.closed_at desc, c.id desc limit 1`,
    values: [ids, limit, after?.closed_at ?? '-infinity', after?.id ?? '00000000-0000-0000-0000-000000000000'],
  })
  return rows[0]
}
