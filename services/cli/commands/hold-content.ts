import type { Command } from '../command.ts'
import { changeHold, listHolds } from '../operate/hold-content.ts'

/** `lienthong hold-content DISPATCH --reason TEXT`: its content may not be deleted; without a dispatch: what is held. */
export const holdContentCommand: Command = {
  options: { reason: { type: 'string' }, by: { type: 'string' }, limit: { type: 'string' } },
  run: (call) => (call.names.length === 0 ? listHolds(call) : changeHold(call, true)),
}

/** `lienthong release-content DISPATCH --reason TEXT`: retention goes on. */
export const releaseContentCommand: Command = {
  options: { reason: { type: 'string' }, by: { type: 'string' } },
  run: (call) => changeHold(call, false),
}
