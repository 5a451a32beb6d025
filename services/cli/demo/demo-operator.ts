import { randomUUID } from 'node:crypto'
import {
  addOperator,
  type Cause,
  identifyOperator,
  type Operator,
  withdrawOperator,
} from '../../../libs/pipeline/index.ts'
import type { Environment } from '../../../libs/runtime/index.ts'
import type { Pool } from '../../../libs/store/index.ts'
import { keyOf, newRequestId } from '../operate/with-operations.ts'

/**
 * Acts as an operator: the one whose key LIENTHONG_OPERATOR names, or one made for the demonstration and taken back at its end, so that
 * the first administrator is still to be named. Where there are administrators nobody is made past them.
 * @throws BusError LT_OPS_KEY_INVALID
 */
export async function asDemoOperator(
  pool: Pool,
  environment: Environment,
  reason: string,
  work: (cause: Cause) => Promise<void>,
): Promise<void> {
  const cause = (operator: Operator): Cause => ({ operator, reason, requestId: newRequestId() })
  const key = keyOf({ values: {}, environment })
  if (key !== undefined) return work(cause(await identifyOperator(pool, key)))
  // Names are given once: every run has its own.
  const name = `demo ${randomUUID().slice(0, 8)}`
  const { operator } = await addOperator(pool, { name, role: 'administrator' }, undefined, newRequestId())
  try {
    await work(cause(operator))
  } finally {
    await withdrawOperator(pool, name, operator, newRequestId())
  }
}
