import { importDirectory } from '../bridge/import-directory.ts'
import type { Command } from '../command.ts'
import { argument, oneOf } from '../command-line.ts'
import { OPERATOR_OPTIONS } from '../operate/with-operations.ts'

const ACTIONS = { directory: importDirectory } as const

/** `lienthong bridge directory`: the directory of the other axis, as the settings of the bridge name it. */
export const bridgeCommand: Command = {
  options: { ...OPERATOR_OPTIONS },
  async run(call) {
    const names = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]
    return ACTIONS[oneOf(call, 'bridge', argument(call, 0, names.join(' | ')), names)](call)
  },
}
