import { auditCtes } from '../audit-sql.ts'
import type { Queryable } from '../pool.ts'

export type OperatorRole = 'operator' | 'administrator'

export interface OperatorRow {
  readonly id: string
  readonly name: string
  readonly role: OperatorRole
  readonly created_at: Date
  /** The administrator who added him, by id; `null`: nobody, or nobody knows any more. */
  readonly created_by: string | null
  readonly revoked_at: Date | null
}

const COLUMNS = 'id, name, role, created_at, created_by, revoked_at'
type Entry = { readonly owner: string } & object

/** Whose key this may be, with the SHA-256 of its secret; revoked ones too. */
export async function findOperator(
  database: Queryable,
  id: string,
): Promise<(OperatorRow & { readonly key_hash: Buffer }) | undefined> {
  const { rows } = await database.query<OperatorRow & { key_hash: Buffer }>({
    name: 'find-operator',
    text: `select ${COLUMNS}, key_hash from operator where id = $1`,
    values: [id],
  })
  return rows[0]
}

/** In the order they were added, revoked ones too. */
export async function listOperators(database: Queryable): Promise<OperatorRow[]> {
  return (await database.query<OperatorRow>(`select ${COLUMNS} from operator order by id`)).rows
}

/**
 * Adds an operator on the word of an administrator; without one only where no administrator is left to ask.
 * `undefined`: the name was given to somebody before, or the word does not count.
 */
export async function insertOperator(
  database: Queryable,
  operator: Pick<OperatorRow, 'id' | 'name' | 'role'> & { readonly keyHash: Buffer },
  by: string | null,
  entries: readonly Entry[],
): Promise<OperatorRow | undefined> {
  const { rows } = await database.query<OperatorRow>({
    name: 'insert-operator',
    text: `with moved as (
        insert into operator (id, name, role, key_hash, created_by) select $1, $2, $3, $4, $5::uuid
        where case when $5::uuid is null
          then not exists (select from operator where role = 'administrator' and revoked_at is null)
          else exists (select from operator where id = $5 and role = 'administrator' and revoked_at is null) end
        on conflict (name) do nothing returning ${COLUMNS}
      ), ${auditCtes('$6', 'moved')} select * from moved`,
    values: [operator.id, operator.name, operator.role, operator.keyHash, by, JSON.stringify(entries)],
  })
  return rows[0]
}

/** Takes an operator's key back; `undefined` when there is none of that id, or it was taken back before. */
export async function revokeOperator(
  database: Queryable,
  id: string,
  entries: readonly Entry[],
): Promise<OperatorRow | undefined> {
  const { rows } = await database.query<OperatorRow>({
    name: 'revoke-operator',
    text: `with moved as (
        update operator set revoked_at = now() where id = $1 and revoked_at is null returning ${COLUMNS}
      ), ${auditCtes('$2', 'moved')} select * from moved`,
    values: [id, JSON.stringify(entries)],
  })
  return rows[0]
}
