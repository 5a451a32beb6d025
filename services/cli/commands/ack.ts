import type { Command } from '../command.ts'
import { endConsignments } from '../mailbox/end-consignments.ts'
import { PROFILE_OPTIONS } from '../profile.ts'

/** `lienthong ack CONSIGNMENT… --dir FOLDER`: says that documents taken with `fetch` are stored. */
export const acknowledgeCommand: Command = {
  options: {
    ...PROFILE_OPTIONS,
    dir: { type: 'string' },
    lease: { type: 'string' },
    'content-hash': { type: 'string' },
  },
  run: (call) => endConsignments(call, 'ack.done', (client, items) => client.acknowledge(items)),
}
