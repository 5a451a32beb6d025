import type { Command } from '../command.ts'
import { changeHold, listHolds } from '../operate/hold-content.ts'
import { OPERATOR_OPTIONS } from '../operate/with-operations.ts'

/** `lienthong hold-content DISPATCH --reason TEXT`: its content may not be deleted; without a dispatch: what is held. */
export const holdContentCommand: Command = {
  options: { ...OPERATOR_OPTIONS, limit: { type: 'string' } },
  run: (call) => (call.names.length === 0 ? listHolds(call) : changeHold(call, 'hold-content')),
}

/** `lienthong release-content DISPATCH --reason TEXT`: retention goes on. */
export const releaseContentCommand: Command = {
  options: OPERATOR_OPTIONS,
  run: (call) => changeHold(call, 'release-content'),
}
