import { UUID } from '../../../libs/model/index.ts'
import { type ConsignmentAction, operate } from '../../../libs/pipeline/index.ts'
import { type Command, UsageError } from '../command.ts'
import { argument, required } from '../command-line.ts'
import { tellFiled, tellItems } from '../operate/tell-operated.ts'
import { OPERATOR_OPTIONS, withOperations } from '../operate/with-operations.ts'

/** `lienthong hold|release|requeue|close ID… --reason TEXT [--as KEY_FILE]`: what an operator does to consignments, by id. */
function moveCommand(action: ConsignmentAction): Command {
  return {
    options: OPERATOR_OPTIONS,
    async run(call) {
      argument(call, 0, 'CONSIGNMENT')
      required(call, 'reason')
      const wrong = call.names.find((name) => !UUID.test(name))
      if (wrong !== undefined) throw new UsageError(call.output.t('operation.noId', { id: wrong.slice(0, 64) }))
      const operated = await withOperations(call, (operations, cause) =>
        operate(operations, { on: 'consignments', action, selection: { consignments: call.names } }, cause),
      )
      if (operated.kind === 'filed') return tellFiled(call, operated.request)
      return 'done' in operated.result ? tellItems(call, action, operated.result) : undefined
    },
  }
}

export const holdCommand = moveCommand('hold')
export const releaseCommand = moveCommand('release')
export const requeueCommand = moveCommand('requeue')
export const closeCommand = moveCommand('close')
