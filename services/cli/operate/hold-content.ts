import { BusError } from '../../../libs/errors/index.ts'
import { isUuid } from '../../../libs/model/index.ts'
import { operate } from '../../../libs/pipeline/index.ts'
import { listHeldContent } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { argument, required, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'
import { tellFiled } from './tell-operated.ts'
import { withOperations } from './with-operations.ts'

/**
 * Sets or lifts a legal hold on a dispatch's content, or files a request where its policy asks for a second operator.
 * @throws BusError LT_SUB_NOT_FOUND, LT_SUB_CONTENT_DELETED when its deletion was begun; UsageError without a reason
 */
export async function changeHold(call: Call, action: 'hold-content' | 'release-content'): Promise<void> {
  const { output } = call
  const id = argument(call, 0, 'DISPATCH')
  required(call, 'reason')
  if (!isUuid(id)) throw new BusError('LT_SUB_NOT_FOUND')
  const operated = await withOperations(call, (operations, cause) =>
    operate(operations, { on: 'content', action, dispatch: id }, cause),
  )
  if (operated.kind === 'filed') return tellFiled(call, operated.request)
  const outcome = 'outcome' in operated.result ? operated.result.outcome : undefined
  if (outcome === undefined || outcome === 'unknown') throw new BusError('LT_SUB_NOT_FOUND')
  if (outcome === 'gone') throw new BusError('LT_SUB_CONTENT_DELETED')
  output.result({ dispatch: id, outcome }, [output.t(`hold.${outcome}`, { id })])
}

/** `hold-content` without a dispatch: what is under hold. */
export async function listHolds(call: Call): Promise<void> {
  const { output } = call
  const limit = wholeNumber(call, 'limit', 100, [1, 10_000])
  const held = await withDatabase(call, (pool) => listHeldContent(pool, limit))
  const rows = held.map(({ id, sender_code, number, notation, reason }) => [
    id,
    sender_code,
    `${number}/${notation}`,
    reason ?? '',
  ])
  output.result(held, rows.length === 0 ? [output.t('hold.none')] : table(rows))
}
