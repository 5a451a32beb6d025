import type { ErrorCode, ErrorParams } from '../../errors/index.ts'
import type { Construct, Cut } from './cut.ts'

/** What the parent asks of the child process, as its one argument in JSON; the packet follows on standard input. */
export interface ChildOrder {
  readonly construct: Construct
  readonly cutOver: number
  readonly maxBytes: number
  readonly maxSkeletonBytes: number
  readonly maxCuts: number
}

/** The first line the child writes; after an answer with `cuts` the skeleton follows. */
export interface ChildAnswer {
  readonly refused?: { readonly code: ErrorCode; readonly params: ErrorParams }
  readonly cuts?: readonly (Omit<Cut, 'decodedSha256'> & { readonly decodedSha256: string })[]
  readonly skeletonBytes?: number
}
