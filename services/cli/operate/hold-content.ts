import { BusError } from '../../../libs/errors/index.ts'
import { EVENTS, isUuid } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { type HoldOutcome, holdContent, listHeldContent } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { argument, required, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'
import { operatorName } from './operator-name.ts'

/**
 * Sets or lifts a legal hold on a dispatch's content, with its entry.
 * @throws BusError LT_SUB_NOT_FOUND, LT_SUB_CONTENT_DELETED when its deletion was begun; UsageError without a reason
 */
export async function changeHold(call: Call, hold: boolean): Promise<void> {
  const { output } = call
  const id = argument(call, 0, 'DISPATCH')
  const reason = required(call, 'reason')
  if (!isUuid(id)) throw new BusError('LT_SUB_NOT_FOUND')
  const entry = sealEntry(
    {
      event: hold ? EVENTS.contentHeld : EVENTS.contentReleased,
      dispatchId: id,
      details: { operator: operatorName(call), reason },
    },
    new Date(),
  )
  const outcome: HoldOutcome = await withDatabase(call, (pool) =>
    holdContent(pool, { id, hold, reason }, [{ owner: id, ...entry }]),
  )
  if (outcome === 'unknown') throw new BusError('LT_SUB_NOT_FOUND')
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
