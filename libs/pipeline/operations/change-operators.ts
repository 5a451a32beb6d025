import { BusError } from '../../errors/index.ts'
import { EVENTS, uuidv7 } from '../../model/index.ts'
import {
  insertOperator,
  listOperators,
  type OperatorRole,
  type OperatorRow,
  type Queryable,
  revokeOperator,
} from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import type { Operator } from './operation.ts'
import { makeOperatorKey } from './operator-key.ts'

const MAX_NAME = 100

/**
 * Adds an operator and answers his access key: this once and never again.
 * @param by an administrator; `undefined` for the first one, where there is none to ask
 * @throws BusError LT_OPS_NOT_ADMINISTRATOR, LT_OPS_KEY_INVALID (there is an administrator to ask), LT_OPS_NAME_TAKEN, LT_OPS_BAD_FIELD
 */
export async function addOperator(
  database: Queryable,
  input: { readonly name: string; readonly role: OperatorRole },
  by: Operator | undefined,
  requestId: string,
): Promise<{ readonly operator: OperatorRow; readonly key: string }> {
  const name = input.name.trim()
  if (name === '' || name.length > MAX_NAME || /\p{Cc}/u.test(name))
    throw new BusError('LT_OPS_BAD_FIELD', { field: 'name' })
  const known = await listOperators(database)
  if (by && by.role !== 'administrator') throw new BusError('LT_OPS_NOT_ADMINISTRATOR', { name: by.name })
  const administered = known.some(({ role, revoked_at }) => role === 'administrator' && revoked_at === null)
  if (!by && (administered || input.role !== 'administrator')) throw new BusError('LT_OPS_KEY_INVALID')
  const now = new Date()
  const id = uuidv7(now.getTime())
  const { key, hash } = makeOperatorKey(id)
  const details = { name, role: input.role, operatorId: id, by: by?.name ?? '', request: requestId }
  const row = await insertOperator(database, { id, name, role: input.role, keyHash: hash }, by?.id ?? null, [
    { owner: id, ...sealEntry({ event: EVENTS.operatorAdded, details }, now) },
  ])
  if (row) return { operator: row, key }
  if (known.some((each) => each.name === name)) throw new BusError('LT_OPS_NAME_TAKEN', { name })
  throw new BusError('LT_OPS_KEY_INVALID')
}

/** Takes an operator's key back, at once. @throws BusError LT_OPS_NOT_ADMINISTRATOR, LT_OPS_UNKNOWN_OPERATOR */
export async function withdrawOperator(
  database: Queryable,
  name: string,
  by: Operator,
  requestId: string,
): Promise<OperatorRow> {
  if (by.role !== 'administrator') throw new BusError('LT_OPS_NOT_ADMINISTRATOR', { name: by.name })
  const known = (await listOperators(database)).find((each) => each.name === name && each.revoked_at === null)
  if (!known) throw new BusError('LT_OPS_UNKNOWN_OPERATOR', { name })
  const details = { name, operatorId: known.id, by: by.name, request: requestId }
  const entry = { owner: known.id, ...sealEntry({ event: EVENTS.operatorRevoked, details }, new Date()) }
  const row = await revokeOperator(database, known.id, [entry])
  if (!row) throw new BusError('LT_OPS_UNKNOWN_OPERATOR', { name })
  return row
}
