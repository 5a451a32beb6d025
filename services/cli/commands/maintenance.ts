import { operate } from '../../../libs/pipeline/index.ts'
import { readMaintenance } from '../../../libs/store/index.ts'
import type { Command } from '../command.ts'
import { argument, oneOf, required, shownTime } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { tellFiled } from '../operate/tell-operated.ts'
import { instantOf, OPERATOR_OPTIONS, withOperations } from '../operate/with-operations.ts'

/** `lienthong maintenance on|off --reason TEXT [--until TIME]`, `maintenance show`: keeps new submissions out, and nothing else. */
export const maintenanceCommand: Command = {
  options: { ...OPERATOR_OPTIONS, until: { type: 'string' } },
  async run(call) {
    const { output } = call
    const what = oneOf(call, 'maintenance', argument(call, 0, 'on | off | show'), ['on', 'off', 'show'])
    if (what !== 'show') {
      required(call, 'reason')
      const until = call.values.until === undefined ? undefined : instantOf('until', call.values.until, new Date())
      const operated = await withOperations(call, (operations, cause) =>
        operate(
          operations,
          { on: 'axis', action: 'maintenance', begin: what === 'on', ...(until === undefined ? {} : { until }) },
          cause,
        ),
      )
      if (operated.kind === 'filed') return tellFiled(call, operated.request)
    }
    const now = await withDatabase(call, readMaintenance)
    const { since, reason, by_operator: by } = now
    output.result(now, [
      since === null
        ? output.t('maintenance.off')
        : output.t('maintenance.on', { since: shownTime(since), by: by ?? '', reason: reason ?? '' }),
    ])
  },
}
