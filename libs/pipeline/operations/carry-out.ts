import { sabotaged } from '../../runtime/index.ts'
import { findOperable, operateConsignments, type Pool, SQL_STATE, sqlState } from '../../store/index.ts'
import { announceMoves } from './announce-moves.ts'
import { isSkip, judgeConsignment, type PlannedMove, type Skip } from './judge-consignment.ts'
import type { Cause, ConsignmentAction, Operations } from './operation.ts'
import { type OwnedEntry, sealMove, sealReopenings } from './seal-operation.ts'

/** What an action did. */
export interface OperationResult {
  readonly done: readonly PlannedMove[]
  readonly skipped: readonly Skip[]
}

const BATCH = 200
const TRIES = 3
const DEADLOCK_RETRIES = 5

/**
 * Carries out planned moves, a batch in each commit, and wakes whoever waits. Each is a compare-and-set on the version of the plan.
 * @param options.again whether one that changed meanwhile is judged anew and tried again; otherwise it is left alone, as where
 *   somebody approved exactly these moves
 * @throws BusError LT_STORE_UNAVAILABLE: some may have been moved; the same again does the rest
 */
export async function carryOut(
  operations: Operations,
  action: ConsignmentAction,
  moves: readonly PlannedMove[],
  cause: Cause,
  options: { readonly again: boolean },
): Promise<OperationResult> {
  const done: PlannedMove[] = []
  const skipped: Skip[] = []
  for (let at = 0; at < moves.length; at += BATCH) {
    let batch: readonly PlannedMove[] = moves.slice(at, at + BATCH)
    for (let tries = 1; batch.length > 0; tries++) {
      const versions = await commit(operations.pool, action, batch, cause)
      const moved = batch.flatMap((move) => {
        const newVersion = versions.get(move.id)?.version
        return newVersion === undefined ? [] : [{ ...move, newVersion }]
      })
      await announceMoves(operations, moved)
      done.push(...moved.map(({ newVersion: _, ...move }) => move))
      const left = batch.filter(({ id }) => !versions.has(id))
      batch = await judgeAgain(operations, action, left, skipped, options.again && tries < TRIES)
    }
  }
  return { done, skipped }
}

/** Those to be tried again; the others are put down with what stands in their way now. */
async function judgeAgain(
  { pool, directory }: Operations,
  action: ConsignmentAction,
  left: readonly PlannedMove[],
  skipped: Skip[],
  again: boolean,
): Promise<PlannedMove[]> {
  if (left.length === 0) return []
  const rows = new Map(
    (
      await findOperable(
        pool,
        left.map(({ id }) => id),
      )
    ).map((row) => [row.id, row]),
  )
  const next: PlannedMove[] = []
  for (const { id } of left) {
    const row = rows.get(id)
    const verdict = row && judgeConsignment(action, row, directory)
    if (!verdict) skipped.push({ id, code: 'LT_OPS_UNKNOWN_CONSIGNMENT', state: 'UNKNOWN' })
    else if (isSkip(verdict)) skipped.push(verdict)
    else if (again) next.push(verdict)
    else skipped.push({ id, code: 'LT_OPS_CHANGED', state: row.state })
  }
  return next
}

async function commit(
  pool: Pool,
  action: ConsignmentAction,
  batch: readonly PlannedMove[],
  cause: Cause,
): ReturnType<typeof operateConsignments> {
  const at = new Date()
  const rows = batch.map(({ id, dispatch, from, version, to, mode }) => ({
    id,
    dispatch_id: dispatch,
    from_state: from,
    version,
    at: at.toISOString(),
    state: to,
    mode,
    reopens: action === 'requeue' && !sabotaged('unopened-dispatch'),
    reason: to === 'DEAD' ? 'LT_OPS_CLOSED' : null,
    text: to === 'DEAD' ? cause.reason : null,
  }))
  const entries: OwnedEntry[] = []
  const reopenings = action === 'requeue' ? sealReopenings(batch, cause, at) : []
  for (const move of batch) entries.push(...sealMove(action, move, cause, at))
  for (let tries = 1; ; tries++) {
    try {
      return await operateConsignments(pool, rows, [...reopenings, ...entries])
    } catch (error) {
      if (sqlState(error) !== SQL_STATE.deadlockDetected || tries >= DEADLOCK_RETRIES) throw error
    }
  }
}
