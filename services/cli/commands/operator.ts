import { addOperator, withdrawOperator } from '../../../libs/pipeline/index.ts'
import { listOperators } from '../../../libs/store/index.ts'
import type { Call, Command } from '../command.ts'
import { argument, oneOf, shownTime } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { keyOf, newRequestId, operatorOf } from '../operate/with-operations.ts'
import { table } from '../output.ts'

const ACTIONS = { add, list, revoke } as const

/** `lienthong operator add NAME --role operator|administrator | list | revoke NAME`; by an administrator, the first one by nobody. */
export const operatorCommand: Command = {
  options: { role: { type: 'string' }, as: { type: 'string' } },
  async run(call) {
    const names = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]
    return ACTIONS[oneOf(call, 'operator', argument(call, 0, names.join(' | ')), names)](call)
  },
}

/** The key goes to standard output alone, so that it can go into a file; it is never shown again. */
async function add(call: Call): Promise<void> {
  const { output } = call
  const name = argument(call, 1, 'NAME')
  const role = oneOf(call, '--role', call.values.role ?? 'operator', ['operator', 'administrator'])
  const { operator, key } = await withDatabase(call, async (pool) => {
    const by = keyOf(call) === undefined ? undefined : await operatorOf(call, pool)
    return addOperator(pool, { name, role }, by, newRequestId())
  })
  output.note(output.t('operator.added', { name: operator.name, role: operator.role }))
  output.result({ id: operator.id, name: operator.name, role: operator.role, key }, [key])
}

async function list(call: Call): Promise<void> {
  const { output } = call
  const rows = await withDatabase(call, listOperators)
  const lines = rows.map(({ name, role, created_at, revoked_at }) => [
    name,
    role,
    shownTime(created_at),
    revoked_at === null ? '' : output.t('operator.revokedAt', { time: shownTime(revoked_at) }),
  ])
  output.result(rows, table(lines))
}

async function revoke(call: Call): Promise<void> {
  const { output } = call
  const name = argument(call, 1, 'NAME')
  const row = await withDatabase(call, async (pool) =>
    withdrawOperator(pool, name, await operatorOf(call, pool), newRequestId()),
  )
  output.result(row, [output.t('operator.revoked', { name })])
}
