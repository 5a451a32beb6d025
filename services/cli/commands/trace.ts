import type { Call, Command } from '../command.ts'
import { EXIT_CODES } from '../command.ts'
import { argument, shownTime } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { type Trace, type TraceStep, traceDispatches } from '../operate/trace-dispatch.ts'
import { table } from '../output.ts'

/** Details that tell a reader something at a glance. */
const TELLING = ['system', 'reason', 'text', 'code', 'verdict', 'previous', 'mode']

/** `lienthong trace ID`: the whole way of a document, by dispatch, consignment or document id, from the log. */
export const traceCommand: Command = {
  options: {},
  async run(call) {
    const { output } = call
    const id = argument(call, 0, 'DISPATCH | CONSIGNMENT | DOCUMENT_ID')
    const traces = await withDatabase(call, (pool) => traceDispatches(pool, id))
    output.result(
      traces,
      traces.length === 0 ? [output.t('trace.none', { id })] : traces.flatMap((trace) => describe(call, trace)),
    )
    return traces.length === 0 ? EXIT_CODES.notFound : EXIT_CODES.done
  },
}

function describe({ output }: Call, trace: Trace): string[] {
  const rows = trace.steps.map(({ time, event, agency, details, epoch, index }) => [
    shownTime(time),
    event,
    agency ?? '',
    summary(details),
    index === null ? output.t('trace.pending') : `${epoch}/${index}`,
  ])
  const head = `${trace.dispatch}  ${trace.sender}  ${trace.number}/${trace.notation}  ${trace.state}`
  return [head, ...table([output.t('trace.columns').split('|'), ...rows]), '']
}

function summary(details: TraceStep['details']): string {
  return TELLING.flatMap((name) =>
    typeof details[name] === 'string' && details[name] !== '' ? [`${name}=${details[name]}`] : [],
  )
    .join(' ')
    .slice(0, 80)
}
