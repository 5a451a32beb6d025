import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../../../libs/runtime/index.ts'
import type { SystemRow } from '../../../libs/store/index.ts'
import type { Caller } from '../auth/caller.ts'
import type { Gateway } from '../gateway.ts'
import type { Parameters } from './read-call.ts'
import type { AgencyAnswers } from './show-agencies.ts'
import type { ReplyFields } from './write-reply.ts'

/** What the operations of the door work with. */
export interface Door {
  readonly gateway: Gateway
  readonly agencies: AgencyAnswers
}

/** One call of a system that is proved. */
export interface DoorCall {
  readonly system: SystemRow
  readonly caller: Caller
  readonly parameters: Parameters
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal
  readonly log: Logger
}

export interface Operation {
  readonly method: 'GET' | 'POST'
  /** What a failure carries beside its three fields; `empty`: a failure has no body at all, or it would be taken for the document. */
  readonly failure: ReplyFields | 'empty'
  /** Changes something: the same call again is marked in the log. */
  readonly changes?: boolean
  /** The fields of the answer, or `undefined` when it wrote the answer itself. */
  run(call: DoorCall, door: Door): Promise<ReplyFields | undefined>
}
