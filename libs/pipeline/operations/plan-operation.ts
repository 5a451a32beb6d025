import { BusError } from '../../errors/index.ts'
import { findOperable, listOperable, type OperableConsignment } from '../../store/index.ts'
import { checkInstant } from './check-instant.ts'
import { isSkip, judgeConsignment, type PlannedMove, type Skip } from './judge-consignment.ts'
import type { ConsignmentAction, Operations, Selection } from './operation.ts'

/** Consignments of one action at most. */
export const MAX_SELECTED = 10_000
const PAGE = 500

/** What an action would do: the dry run, and what is carried out. In the order of the ids. */
export interface OperationPlan {
  readonly action: ConsignmentAction
  readonly moves: readonly PlannedMove[]
  readonly skipped: readonly Skip[]
}

/**
 * Finds out what an action would do, to whom, and what it would leave alone and why. Nothing is changed.
 * @throws BusError LT_OPS_BAD_FIELD, LT_OPS_TOO_MANY, LT_REG_UNKNOWN_SYSTEM, LT_STORE_UNAVAILABLE
 */
export async function planOperation(
  operations: Operations,
  action: ConsignmentAction,
  selection: Selection,
): Promise<OperationPlan> {
  const moves: PlannedMove[] = []
  const skipped: Skip[] = []
  let seen = 0
  for await (const rows of pagesOf(operations, selection, skipped)) {
    seen += rows.length
    if (seen > MAX_SELECTED) throw new BusError('LT_OPS_TOO_MANY', { limit: MAX_SELECTED })
    for (const row of rows) {
      const verdict = judgeConsignment(action, row, operations.directory)
      if (isSkip(verdict)) skipped.push(verdict)
      else moves.push(verdict)
    }
  }
  return { action, moves, skipped }
}

async function* pagesOf(
  { pool, directory }: Operations,
  selection: Selection,
  skipped: Skip[],
): AsyncGenerator<OperableConsignment[], void, undefined> {
  if ('consignments' in selection) {
    const ids = [...new Set(selection.consignments)].sort()
    if (ids.length > MAX_SELECTED) throw new BusError('LT_OPS_TOO_MANY', { limit: MAX_SELECTED })
    for (let at = 0; at < ids.length; at += PAGE) {
      const page = ids.slice(at, at + PAGE)
      const rows = await findOperable(pool, page)
      const found = new Set(rows.map(({ id }) => id))
      for (const id of page)
        if (!found.has(id)) skipped.push({ id, code: 'LT_OPS_UNKNOWN_CONSIGNMENT', state: 'UNKNOWN' })
      yield rows
    }
    return
  }
  const { system, ...query } = selection.query
  for (const field of ['since', 'until'] as const) if (query[field] !== undefined) checkInstant(field, query[field])
  if (system !== undefined && !directory.system(system)) throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system })
  const own = system === undefined ? undefined : directory.agenciesOf(system)
  const agencies = own && query.agencies ? query.agencies.filter((code) => own.includes(code)) : (own ?? query.agencies)
  let after: string | undefined
  for (;;) {
    const rows = await listOperable(
      pool,
      { ...query, ...(agencies ? { agencies } : {}) },
      { limit: PAGE, ...(after === undefined ? {} : { after }) },
    )
    yield rows
    after = rows.at(-1)?.id
    if (rows.length < PAGE || after === undefined) return
  }
}
