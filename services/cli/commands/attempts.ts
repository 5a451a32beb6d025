import { catalogue, type ErrorCode } from '../../../libs/errors/index.ts'
import { isUuid } from '../../../libs/model/index.ts'
import { type AttemptView, listAttempts } from '../../../libs/store/index.ts'
import { type Call, type Command, EXIT_CODES } from '../command.ts'
import { argument, shownTime } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'

/** `lienthong attempts CONSIGNMENT`: every attempt to push it, with time, duration and what the receiver said. */
export const attemptsCommand: Command = {
  options: {},
  async run(call) {
    const { output } = call
    const id = argument(call, 0, 'CONSIGNMENT')
    const attempts = isUuid(id) ? await withDatabase(call, (pool) => listAttempts(pool, id)) : []
    const lines = attempts.length === 0 ? [output.t('attempts.none', { id })] : describe(call, attempts)
    output.result(attempts, lines)
    return attempts.length === 0 ? EXIT_CODES.notFound : EXIT_CODES.done
  },
}

function describe({ output }: Call, attempts: readonly AttemptView[]): string[] {
  const rows = attempts.map(({ attempt, claimedAt, durationMs, outcome, status, code, answer }) => [
    String(attempt),
    shownTime(claimedAt),
    durationMs === null ? '' : `${durationMs} ms`,
    output.t(`attempts.${(outcome ?? 'open') as 'open'}`),
    status === null ? '' : `HTTP ${status}`,
    code ?? '',
    answer ?? '',
  ])
  const codes = new Set(attempts.map(({ code }) => code).filter((code) => code !== null && code in catalogue))
  const advice = [...codes].map((code) => `  ${code}: ${catalogue[code as ErrorCode].advice[output.language]}`)
  return [...table([output.t('attempts.columns').split('|'), ...rows]), ...advice]
}
