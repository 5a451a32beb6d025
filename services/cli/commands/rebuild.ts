import { rebuildWork } from '../../../libs/pipeline/index.ts'
import type { Command } from '../command.ts'
import { required } from '../command-line.ts'
import { OPERATOR_OPTIONS, withOperations } from '../operate/with-operations.ts'

/** `lienthong rebuild --reason TEXT`: fills NATS and Redis from PostgreSQL at once, after either was lost. Safe at any time. */
export const rebuildCommand: Command = {
  options: OPERATOR_OPTIONS,
  async run(call) {
    const { output } = call
    required(call, 'reason')
    const rebuilt = await withOperations(call, (operations, cause) =>
      rebuildWork(operations, cause, ({ dispatches, consignments }) =>
        output.progress(output.t('rebuild.done', { dispatches, consignments })),
      ),
    )
    output.result(rebuilt, [output.t('rebuild.done', { ...rebuilt })])
  },
}
