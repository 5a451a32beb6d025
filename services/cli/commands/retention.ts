import type { Command } from '../command.ts'
import { oneOf } from '../command-line.ts'
import { changeClass, changeRule, showRetention } from '../operate/change-retention.ts'
import { OPERATOR_OPTIONS } from '../operate/with-operations.ts'

const ACTIONS = { list: showRetention, class: changeClass, rule: changeRule } as const

/** `lienthong retention [list] | class CODE DAYS|never --reason TEXT | rule CLASS --reason TEXT [--kind --type --detail --system]` */
export const retentionCommand: Command = {
  options: {
    ...OPERATOR_OPTIONS,
    kind: { type: 'string' },
    type: { type: 'string' },
    detail: { type: 'string' },
    system: { type: 'string' },
    note: { type: 'string' },
  },
  run(call) {
    const names = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]
    return ACTIONS[oneOf(call, 'retention', call.names[0] ?? 'list', names)](call)
  },
}
