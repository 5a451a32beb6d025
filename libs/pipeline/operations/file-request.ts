import { createHash } from 'node:crypto'
import { BusError } from '../../errors/index.ts'
import { canonicalJson, type JsonValue } from '../../merkle/index.ts'
import { EVENTS, SUBJECTS, uuidv7 } from '../../model/index.ts'
import { findRequest, insertRequest, type OperationRequestRow } from '../../store/index.ts'
import { sealEntry } from '../seal-entry.ts'
import type { PlannedMove } from './judge-consignment.ts'
import { type Cause, causeDetails, type Operations, type PolicySubject, type Subject } from './operation.ts'

/** Files a request for a second operator: nothing is done yet. @throws BusError LT_STORE_UNAVAILABLE */
export async function fileRequest(
  { pool, bus }: Pick<Operations, 'pool' | 'bus'>,
  subject: Subject | PolicySubject,
  moves: readonly PlannedMove[],
  affected: number,
  cause: Cause,
): Promise<OperationRequestRow> {
  const now = new Date()
  const id = uuidv7(now.getTime())
  const { action } = subject
  const digest = digestOfRequest(subject, moves)
  const details = { action, affected, digest: digest.toString('hex'), ...causeDetails(cause) }
  const request = { id, action, subject, snapshot: { moves }, digest, affected, reason: cause.reason }
  await insertRequest(pool, { ...request, requestedBy: cause.operator.id }, [
    { owner: id, ...sealEntry({ event: EVENTS.operationRequested, details }, now) },
  ])
  bus?.publish(SUBJECTS.auditPending)
  const row = await findRequest(pool, id)
  if (!row) throw new BusError('LT_OPS_UNKNOWN_REQUEST', { id })
  return row
}

/** SHA-256 over what was asked for and exactly what would be done. */
function digestOfRequest(subject: Subject | PolicySubject, moves: readonly PlannedMove[]): Buffer {
  const said = { subject, moves: moves.map(({ id, version, to }) => ({ id, version, to })) }
  return createHash('sha256')
    .update(canonicalJson(said as unknown as JsonValue))
    .digest()
}
