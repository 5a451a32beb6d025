import type { Command } from '../command.ts'
import { UsageError } from '../command.ts'
import { attachMonth, detachMonth, listMonths } from '../operate/change-partitions.ts'
import { OPERATOR_OPTIONS } from '../operate/with-operations.ts'

/**
 * `lienthong partitions`: the months of the tables and where they are; `--detach YYYY-MM --reason TEXT` puts a month away whose documents
 * are all done and deleted, `--attach YYYY-MM --reason TEXT` brings it back. The last two act as the owner of the tables.
 */
export const partitionsCommand: Command = {
  options: {
    ...OPERATOR_OPTIONS,
    detach: { type: 'string' },
    attach: { type: 'string' },
  },
  run(call) {
    const { detach, attach } = call.values
    const month = detach ?? attach
    if (month === undefined) return listMonths(call)
    if (!/^\d{4}-(?:0[1-9]|1[0-2])$/.test(month) || (detach !== undefined && attach !== undefined))
      throw new UsageError(call.output.t('partitions.badMonth'))
    return detach === undefined ? attachMonth(call, month) : detachMonth(call, month)
  },
}
