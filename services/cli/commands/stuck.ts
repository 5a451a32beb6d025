import { findStuck, STUCK_KINDS } from '../../../libs/store/index.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../command.ts'
import { shownTime, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'

/** `lienthong stuck`: what does not move although it should; exit code 1 when there is something. */
export const stuckCommand: Command = {
  options: {
    seconds: { type: 'string' },
    hours: { type: 'string' },
    days: { type: 'string' },
    limit: { type: 'string' },
  },
  async run(call) {
    const { output } = call
    const question = {
      moveSeconds: wholeNumber(call, 'seconds', 60, [0, 86_400]),
      overdueHours: wholeNumber(call, 'hours', 24, [0, 8760]),
      deadDays: wholeNumber(call, 'days', 7, [1, 3650]),
      limit: wholeNumber(call, 'limit', 100, [1, 10_000]),
    }
    const items = await withDatabase(call, (pool) => findStuck(pool, question))
    const lines = STUCK_KINDS.flatMap((kind) => {
      const own = items.filter((item) => item.kind === kind)
      if (own.length === 0) return []
      return [
        output.t('stuck.head', { what: output.t(`stuck.kind.${kind}`), count: own.length }),
        ...own.map(({ id, agency, since }) => output.t('stuck.item', { id, agency, since: shownTime(since) })),
        output.t(`stuck.todo.${kind}`),
      ]
    })
    output.result(items, lines.length === 0 ? [output.t('stuck.none')] : lines)
    return items.length === 0 ? EXIT_CODES.done : EXIT_CODES.refused
  },
}
