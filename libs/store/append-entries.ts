import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

const NOBODYS = '00000000-0000-0000-0000-000000000000'

/** Appends entries about what the same transaction changed and that belong to no dispatch. */
export async function appendEntries(database: Queryable, entries: readonly object[]): Promise<void> {
  await database.query({
    name: 'append-entries',
    text: `with act as materialized (select '${NOBODYS}'::uuid as id), ${auditCtes('$1', 'act')} select from act`,
    values: [JSON.stringify(entries.map((entry) => ({ ...entry, owner: NOBODYS })))],
  })
}
