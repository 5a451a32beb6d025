import { REFUSAL_REASONS } from '../../../libs/model/index.ts'
import type { Command } from '../command.ts'
import { oneOf, required } from '../command-line.ts'
import { endConsignments } from '../mailbox/end-consignments.ts'
import { PROFILE_OPTIONS } from '../profile.ts'

/** `lienthong refuse CONSIGNMENT… --reason R [--text T]`: refuses documents taken with `fetch`. */
export const refuseCommand: Command = {
  options: {
    ...PROFILE_OPTIONS,
    dir: { type: 'string' },
    lease: { type: 'string' },
    'content-hash': { type: 'string' },
    reason: { type: 'string' },
    text: { type: 'string' },
  },
  async run(call) {
    const reason = oneOf(call, '--reason', required(call, 'reason'), REFUSAL_REASONS)
    const { text } = call.values
    return endConsignments(call, 'refuse.done', (client, items) =>
      client.refuse(items.map((item) => ({ ...item, reason, ...(text === undefined ? {} : { text }) }))),
    )
  },
}
