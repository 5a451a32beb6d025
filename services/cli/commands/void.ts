import { BusError } from '../../../libs/errors/index.ts'
import { isUuid } from '../../../libs/model/index.ts'
import { operate } from '../../../libs/pipeline/index.ts'
import { type Command, EXIT_CODES } from '../command.ts'
import { argument, required } from '../command-line.ts'
import { tellFiled } from '../operate/tell-operated.ts'
import { OPERATOR_OPTIONS, withOperations } from '../operate/with-operations.ts'

/**
 * `lienthong void CONSIGNMENT --reason TEXT`: updates and replacements of its document that its receiver does not answer stand no longer.
 * Exit code 2 where none waits. Recalls are their sender's and receiver's alone.
 */
export const voidCommand: Command = {
  options: OPERATOR_OPTIONS,
  async run(call) {
    const { output } = call
    const consignment = argument(call, 0, 'CONSIGNMENT')
    required(call, 'reason')
    if (!isUuid(consignment)) throw new BusError('LT_SUB_NOT_FOUND')
    const operated = await withOperations(call, (operations, cause) =>
      operate(operations, { on: 'request', action: 'void', consignment }, cause),
    )
    if (operated.kind === 'filed') {
      tellFiled(call, operated.request)
      return EXIT_CODES.done
    }
    const voided = 'changed' in operated.result && operated.result.changed
    output.result({ consignment, voided }, [output.t(voided ? 'void.done' : 'void.nothing', { id: consignment })])
    return voided ? EXIT_CODES.done : EXIT_CODES.notFound
  },
}
