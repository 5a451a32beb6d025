import { BusError, catalogue, fill } from '../../../libs/errors/index.ts'
import { countTargets, type Operated, type PlannedMove, type Skip } from '../../../libs/pipeline/index.ts'
import type { OperationRequestRow } from '../../../libs/store/index.ts'
import { type Call, EXIT_CODES } from '../command.ts'
import { shownTime } from '../command-line.ts'
import { exitCodeOf } from '../end-with.ts'
import { type Output, table } from '../output.ts'

type Result = Extract<Operated, { kind: 'done' }>['result']

/** Tells a request that was filed: nothing was done yet. */
export function tellFiled({ output }: Pick<Call, 'output'>, request: OperationRequestRow): void {
  output.result({ request: shownRequest(request) }, [
    output.t('operation.filed', { id: request.id, until: shownTime(request.expires_at) }),
  ])
}

/** Tells each consignment of an action; the exit code is that of the first that was left alone. */
export function tellItems(
  { output }: Pick<Call, 'output'>,
  action: string,
  { done, skipped }: Extract<Result, { done: unknown }>,
): number {
  const items = [
    ...done.map(({ id, to }) => ({ consignment: id, done: true, state: to as string })),
    ...skipped.map(({ id, code, state }) => ({ consignment: id, done: false, state, code })),
  ]
  output.result({ items }, [
    ...done.map(({ id, to }) => output.t('operation.moved', { id, state: to })),
    ...skipped.map((skip) => describeSkip(output, action, skip)),
  ])
  const first = skipped[0]
  return first ? exitCodeOf({ code: first.code, ...new BusError(first.code).entry }) : EXIT_CODES.done
}

function describeSkip(output: Output, action: string, { id, code, state }: Skip): string {
  const title = fill(catalogue[code].title[output.language], { consignmentId: id, state, action, code: '' })
  return output.t('operation.skipped', { code, title })
}

/** What a replay did, or would do: to whom how many, and what is left alone and why. */
export function describeReplay(
  output: Output,
  dryRun: boolean,
  moves: readonly PlannedMove[],
  skips: readonly { code: Skip['code']; count: number }[],
): string[] {
  const rows = countTargets(moves).map(({ agency, system, to, suspended, count, updatePending }) => [
    `  ${agency}`,
    system ?? '-',
    to,
    String(count),
    [
      ...(suspended ? [output.t('replay.suspended')] : []),
      ...(updatePending > 0 ? [output.t('replay.updatePending', { count: updatePending })] : []),
    ].join(', '),
  ])
  return [
    output.t(dryRun ? 'replay.would' : 'replay.done', { count: moves.length }),
    ...table(rows),
    ...skips.map(({ code, count }) => output.t('replay.skipped', { code, count })),
  ]
}

/** A request as programs and people read it. */
export function shownRequest(row: OperationRequestRow) {
  return {
    id: row.id,
    action: row.action,
    subject: row.subject,
    digest: row.digest.toString('hex'),
    affected: row.affected,
    reason: row.reason,
    requestedBy: row.requester,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    state: row.expired ? 'EXPIRED' : row.state,
    decidedBy: row.decider,
    decisionReason: row.decision_reason,
    result: row.result,
  }
}
