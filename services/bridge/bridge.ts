import type { Client } from '../../libs/client/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import type { Upstream } from '../../libs/vxp/index.ts'
import type { BridgeState } from './bridge-state.ts'

/** What both ways of the bridge work with. */
export interface Bridge {
  /** Our axis, as the system that stands for the other one. */
  readonly axis: Pick<Client, 'submit' | 'lease' | 'parts' | 'download' | 'acknowledge' | 'refuse' | 'watch'>
  readonly upstream: Upstream
  readonly state: BridgeState
  readonly parallel: number
  readonly leaseSeconds: number
  readonly maxPacketBytes: number
  /** So long after a call without an answer the other axis may still take what was sent. */
  readonly unknownOutcomeMs: number
  readonly log: Logger
  /** Aborted: take nothing new. */
  readonly signal: AbortSignal
}
