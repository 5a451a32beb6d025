import type { ErrorCode } from '../../errors/index.ts'
import type { OperableConsignment } from '../../store/index.ts'
import type { ConsignmentAction, ReceivingDirectory } from './operation.ts'

/** What an action does to one consignment. */
export interface PlannedMove {
  readonly id: string
  readonly dispatch: string
  readonly agency: string
  readonly lane: 'urgent' | 'normal'
  readonly version: number
  readonly from: string
  readonly to: 'HELD' | 'QUEUED' | 'AVAILABLE' | 'DEAD'
  /** How the agency is reached today; `null`: it stays as it is. */
  readonly mode: 'pull' | 'push' | null
  readonly fromMode: 'pull' | 'push'
  /** Who receives for the agency today. */
  readonly system: string | null
  /** That system is suspended: it goes no further until it is resumed. */
  readonly suspended: boolean
  /** An update of the document waits for its receiver, who may have that already: both reach it, in whatever order. */
  readonly updatePending: boolean
}

/** Why a consignment is left alone. */
export interface Skip {
  readonly id: string
  readonly code: ErrorCode
  readonly state: string
}

const WAITING = ['AVAILABLE', 'QUEUED', 'RETRYING']
/**
 * A refusal is the receiver's word, and an acknowledgement its receipt: neither is taken back by the axis. The sender may ask for a
 * re-send, which is a new consignment (P2).
 */
const APPLIES: Readonly<Record<ConsignmentAction, readonly string[]>> = {
  hold: WAITING,
  release: ['HELD'],
  requeue: ['DEAD', 'EXPIRED'],
  close: [...WAITING, 'HANDED_OVER', 'HELD'],
}

/** Decides what an action does to a consignment as it stands now. Pure: whether it still stands so is asked when it is moved. */
export function judgeConsignment(
  action: ConsignmentAction,
  row: OperableConsignment,
  directory: Pick<ReceivingDirectory, 'receivingSystem'>,
): PlannedMove | Skip {
  const skip = (code: ErrorCode): Skip => ({ id: row.id, code, state: row.state })
  if (!APPLIES[action].includes(row.state)) return skip('LT_OPS_WRONG_STATE')
  if (row.leased && (row.state === 'AVAILABLE' || row.state === 'HANDED_OVER')) return skip('LT_OPS_LEASED')
  if (row.attempt_open) return skip('LT_OPS_ATTEMPT_OPEN')
  const system = directory.receivingSystem(row.agency_code)?.system
  const move = {
    id: row.id,
    dispatch: row.dispatch_id,
    agency: row.agency_code,
    lane: row.lane,
    version: row.version,
    from: row.state,
    fromMode: row.mode,
    system: system?.code ?? null,
    suspended: system !== undefined && system.suspendedAt !== null,
    updatePending: row.update_pending,
  }
  // What its sender asked back waits for the receiver's word alone: neither goes out again, nor is it put aside. Closing it stays.
  if (action !== 'close' && row.recalled) return skip('LT_OPS_RECALLED')
  if (action === 'hold') return { ...move, to: 'HELD', mode: null }
  if (action === 'close') return { ...move, to: 'DEAD', mode: null }
  if (!row.newest) return skip('LT_OPS_SENT_AGAIN')
  if (!row.content_kept) return skip('LT_SUB_CONTENT_DELETED')
  if (action === 'requeue' && !system) return skip('LT_REG_NO_SYSTEM')
  // What was held may wait for the agency's next system in its mailbox, as what is routed now does.
  const mode = system?.delivery ?? 'pull'
  return { ...move, to: mode === 'push' ? 'QUEUED' : 'AVAILABLE', mode }
}

export const isSkip = (verdict: PlannedMove | Skip): verdict is Skip => 'code' in verdict
