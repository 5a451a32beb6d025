import { auditCtes } from '../audit-sql.ts'
import type { Queryable } from '../pool.ts'

/** Whether an action needs a second operator. */
export interface OperationPolicyRow {
  readonly action: string
  /** Above so many consignments (or systems); `null`: never. */
  readonly approval_above: number | null
  readonly expires_hours: number
}

export async function listPolicies(database: Queryable): Promise<OperationPolicyRow[]> {
  return (
    await database.query<OperationPolicyRow>(
      'select action, approval_above, expires_hours from operation_policy order by action',
    )
  ).rows
}

/** Sets the policy of an action that still stands as it was seen; `undefined`: it does not. The entry's owner is `entryOwner`. */
export async function updatePolicy(
  database: Queryable,
  policy: OperationPolicyRow,
  seen: Pick<OperationPolicyRow, 'approval_above' | 'expires_hours'>,
  entryOwner: string,
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<OperationPolicyRow | undefined> {
  const { rows } = await database.query<OperationPolicyRow>({
    name: 'update-policy',
    text: `with changed as (
        update operation_policy set approval_above = $2, expires_hours = $3 where action = $1 and approval_above is not distinct from $6 and expires_hours = $7
        returning action, approval_above, expires_hours
      ), moved as (select $4::uuid as id from changed), ${auditCtes('$5', 'moved')} select * from changed`,
    values: [
      policy.action,
      policy.approval_above,
      policy.expires_hours,
      entryOwner,
      JSON.stringify(entries),
      seen.approval_above,
      seen.expires_hours,
    ],
  })
  return rows[0]
}
