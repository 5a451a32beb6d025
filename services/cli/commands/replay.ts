import { UUID } from '../../../libs/model/index.ts'
import { countSkips, operate, planOperation } from '../../../libs/pipeline/index.ts'
import type { OperableQuery } from '../../../libs/store/index.ts'
import { type Call, type Command, UsageError } from '../command.ts'
import { oneOf, required } from '../command-line.ts'
import { describeReplay, tellFiled } from '../operate/tell-operated.ts'
import { instantOf, OPERATOR_OPTIONS, withOperations } from '../operate/with-operations.ts'

/** `lienthong replay [--state DEAD|EXPIRED --agency --system --code --since --until --dispatch] [--dry-run] --reason TEXT` */
export const replayCommand: Command = {
  options: {
    ...OPERATOR_OPTIONS,
    state: { type: 'string' },
    agency: { type: 'string' },
    system: { type: 'string' },
    code: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    dispatch: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  async run(call) {
    const { output } = call
    const dryRun = call.flags['dry-run'] === true
    if (!dryRun) required(call, 'reason')
    const selection = { query: queryOf(call) }
    await withOperations(call, async (operations, cause) => {
      if (dryRun) {
        const { moves, skipped } = await planOperation(operations, 'requeue', selection)
        tell(call, true, moves, skipped)
        return
      }
      const operated = await operate(operations, { on: 'consignments', action: 'requeue', selection }, cause)
      if (operated.kind === 'filed') tellFiled({ output }, operated.request)
      else if ('done' in operated.result) tell(call, false, operated.result.done, operated.result.skipped)
    })
  },
}

function tell(
  { output }: Call,
  dryRun: boolean,
  moves: Parameters<typeof describeReplay>[2],
  skipped: Parameters<typeof countSkips>[0],
): void {
  const skips = countSkips(skipped)
  output.result(
    {
      dryRun,
      moved: moves.length,
      consignments: moves.map(({ id, agency, system, to }) => ({ id, agency, system, to })),
      skipped: skips,
    },
    describeReplay(output, dryRun, moves, skips),
  )
}

function queryOf(call: Call): OperableQuery & { system?: string } {
  const { agency, system, code, since, until, dispatch, state = 'DEAD' } = call.values
  const now = new Date()
  return {
    state: oneOf(call, '--state', state, ['DEAD', 'EXPIRED']),
    ...(agency === undefined ? {} : { agencies: [agency] }),
    ...(system === undefined ? {} : { system }),
    ...(code === undefined ? {} : { reason: code }),
    ...(since === undefined ? {} : { since: instantOf('since', since, now) }),
    ...(until === undefined ? {} : { until: instantOf('until', until, now) }),
    ...(dispatch === undefined ? {} : { dispatch: idOf(call, dispatch) }),
  }
}

/** @throws UsageError */
function idOf({ output }: Call, text: string): string {
  if (!UUID.test(text)) throw new UsageError(output.t('operation.noId', { id: text.slice(0, 64) }))
  return text
}
