import type { CheckedAttempt, CheckedConsignment, DispatchBundle } from '../../../../libs/store/index.ts'
import { type Finding, finding } from './finding.ts'

/** An attempt is ended by its service; the sweeper ends those it does not. Past this, both have failed. */
const GRACE_MS = 300_000

/** Attempts and the consignments they are of. */
export function checkAttempts({ dispatch, consignments, attempts }: DispatchBundle): Finding[] {
  return consignments.flatMap((row) => {
    const own = attempts.filter(({ consignment_id }) => consignment_id === row.id)
    return [
      ...checkCount(row, own),
      ...own.flatMap((each) => checkOpen(row, each, dispatch.now)),
      ...checkWaiting(row, own),
    ]
  })
}

/** Numbers go on over a requeue; `attempt_base` says where the present run began. */
function checkCount({ id, attempt, attempt_base }: CheckedConsignment, own: readonly CheckedAttempt[]): Finding[] {
  const last = own.reduce((most, each) => Math.max(most, each.attempt), 0)
  if (last !== attempt) return [finding('attempt-count', id, { what: 'attempt', expected: last, found: attempt })]
  return attempt_base <= attempt
    ? []
    : [finding('attempt-count', id, { what: 'attempt_base', expected: `at most ${attempt}`, found: attempt_base })]
}

function checkOpen(row: CheckedConsignment, { attempt, ended_at, deadline }: CheckedAttempt, now: Date): Finding[] {
  if (ended_at !== null) return []
  const at = { attempt }
  if (row.state !== 'RETRYING' || row.attempt !== attempt)
    return [
      finding('attempt-stale', row.id, {
        what: `attempt ${attempt}`,
        expected: 'ended',
        found: `open, ${row.state}`,
        at,
      }),
    ]
  if (deadline.getTime() + GRACE_MS > now.getTime()) return []
  const said = { what: `attempt ${attempt}`, expected: 'ended', found: `open since ${deadline.toISOString()}`, at }
  return [finding('attempt-overdue', row.id, said)]
}

/** A push waits for a time, or for the end of an attempt; one that waits for neither waits for ever. */
function checkWaiting(row: CheckedConsignment, own: readonly CheckedAttempt[]): Finding[] {
  const { id, state, version, next_attempt_at, next_publish_at } = row
  const at = { version }
  const open = own.some(({ ended_at }) => ended_at === null)
  if (state === 'RETRYING' && next_attempt_at === null)
    return open
      ? []
      : [finding('attempt-missing', id, { what: 'attempt under way', expected: 'one', found: 'none', at })]
  if ((state === 'QUEUED' || state === 'RETRYING') && next_publish_at === null)
    return [finding('push-unqueued', id, { what: 'next_publish_at', expected: 'a time', found: 'none', at })]
  return []
}
