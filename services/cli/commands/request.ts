import { BusError, catalogue } from '../../../libs/errors/index.ts'
import { approveRequest, changePolicy, rejectRequest } from '../../../libs/pipeline/index.ts'
import { findRequest, listPolicies, listRequests, type OperationRequestRow } from '../../../libs/store/index.ts'
import type { Call, Command } from '../command.ts'
import { argument, oneOf, required, shownTime, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { shownRequest, tellFiled } from '../operate/tell-operated.ts'
import { OPERATOR_OPTIONS, withOperations } from '../operate/with-operations.ts'
import { type Output, table } from '../output.ts'

const LIMIT = 200

const ACTIONS = { list, show, approve, reject, policy } as const

/**
 * `lienthong request list [--all] | show ID | approve ID [--digest HEX] | reject ID --reason TEXT | policy [ACTION --above N|never]`:
 * what waits for a second operator, and what has to.
 */
export const requestCommand: Command = {
  options: {
    ...OPERATOR_OPTIONS,
    all: { type: 'boolean' },
    digest: { type: 'string' },
    above: { type: 'string' },
    hours: { type: 'string' },
  },
  async run(call) {
    const names = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]
    return ACTIONS[oneOf(call, 'request', argument(call, 0, names.join(' | ')), names)](call)
  },
}

async function list(call: Call): Promise<void> {
  const { output } = call
  const rows = await withDatabase(call, (pool) => listRequests(pool, { open: !call.flags.all, limit: LIMIT }))
  const lines = rows.map(({ id, action, affected, requester, expires_at, state, expired, reason }) => [
    id,
    action,
    String(affected),
    requester,
    shownTime(expires_at),
    expired ? 'EXPIRED' : state,
    reason,
  ])
  output.result(
    rows.map(shownRequest),
    rows.length === 0 ? [output.t('request.none')] : table([output.t('request.columns').split('|'), ...lines]),
  )
}

async function show(call: Call): Promise<void> {
  const id = argument(call, 1, 'REQUEST')
  const row = await withDatabase(call, (pool) => findRequest(pool, id))
  if (!row) throw new BusError('LT_OPS_UNKNOWN_REQUEST', { id })
  tell(call, row, { snapshot: row.snapshot })
}

async function approve(call: Call): Promise<void> {
  const id = argument(call, 1, 'REQUEST')
  const row = await withOperations(call, async (operations, { operator, requestId, reason }) => {
    const seen = await findRequest(operations.pool, id)
    if (!seen) throw new BusError('LT_OPS_UNKNOWN_REQUEST', { id })
    const digest = call.values.digest ?? seen.digest.toString('hex')
    return approveRequest(operations, { id, operator, digest, requestId, ...(reason === '' ? {} : { reason }) })
  })
  tell(call, row)
}

async function reject(call: Call): Promise<void> {
  const id = argument(call, 1, 'REQUEST')
  required(call, 'reason')
  const row = await withOperations(call, (operations, { operator, requestId, reason }) =>
    rejectRequest(operations, { id, operator, requestId, reason }),
  )
  tell(call, row)
}

function tell({ output }: Call, row: OperationRequestRow, more: object = {}): void {
  const shown = shownRequest(row)
  output.result({ ...shown, ...more }, [
    output.t('request.head', { id: row.id, action: row.action, affected: row.affected, state: shown.state }),
    output.t('request.asked', { by: row.requester, reason: row.reason }),
    `  ${JSON.stringify(row.subject)}`,
    `  digest ${shown.digest}`,
    ...(row.decider === null
      ? []
      : [output.t('request.decided', { by: row.decider, reason: row.decision_reason ?? '' })]),
    ...(row.result === null ? [] : [`  ${JSON.stringify(row.result)}`, ...leftAlone(output, row.result)]),
  ])
}

/** Why an approved request did nothing, and what to do, in the reader's language. */
function leftAlone({ language }: Output, result: unknown): string[] {
  const { code } = result as { readonly code?: unknown }
  if (code !== 'LT_OPS_SUBJECT_CHANGED') return []
  const { title, advice } = catalogue[code]
  return [`  ${code}: ${title[language]} ${advice[language]}`]
}

/** Without an action: all policies. Setting one takes an administrator. */
async function policy(call: Call): Promise<void> {
  const { output } = call
  const action = call.names[1]
  if (action !== undefined) {
    required(call, 'reason')
    const above = required(call, 'above') === 'never' ? null : wholeNumber(call, 'above', 0, [0, 1_000_000])
    const hours = wholeNumber(call, 'hours', 24, [1, 720])
    const operated = await withOperations(call, (operations, cause) =>
      changePolicy(operations, { action, approval_above: above, expires_hours: hours }, cause),
    )
    if (operated.kind === 'filed') return tellFiled(call, operated.request)
  }
  const rows = await withDatabase(call, listPolicies)
  const lines = rows.map(({ action: name, approval_above: above, expires_hours: hours }) => [
    name,
    above === null ? output.t('request.never') : output.t('request.above', { above, hours }),
  ])
  output.result(rows, table(lines))
}
