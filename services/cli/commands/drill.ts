import { findLost } from '../backup/find-lost.ts'
import { type Command, EXIT_CODES, UsageError } from '../command.ts'
import { required, shownTime } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import { readTrust } from './verify.ts'

/**
 * `lienthong drill --receipts FOLDER --trust PEM…`: names each dispatch and log entry that the clients' receipts promise and the restored
 * axis has not, and what each client does about it. Exit code 1 when something is lost, when a
 * receipt proves nothing, and when there is no good one: then nobody knows. `--database` names another one than `cli.env`.
 */
export const drillCommand: Command = {
  options: {
    receipts: { type: 'string' },
    trust: { type: 'string', multiple: true },
    database: { type: 'string' },
  },
  async run(call) {
    const { output, values, lists, environment } = call
    const folder = required(call, 'receipts')
    if (!lists.trust) throw new UsageError(output.t('usage.missing', { what: '--trust' }))
    const trust = readTrust(lists.trust)
    const settings = values.database === undefined ? environment : { DATABASE_URL: values.database }
    const report = await withDatabase({ environment: settings }, (pool) =>
      findLost(pool, folder, trust, (at) => output.progress(output.t('drill.progress', { at }))),
    )
    const { good, dispatches, lost, unproved } = report
    output.result(report, [
      ...lost.flatMap((each) => [
        output.t('drill.lost', {
          number: `${each.number}/${each.notation}`,
          sender: each.agency,
          system: each.system,
          dispatch: each.dispatch,
          event: each.event,
          time: shownTime(each.eventTime),
          origin: each.origin,
          entry: each.entry ?? '-',
        }),
        output.t(`drill.do.${each.remedy}`, { system: each.system }),
      ]),
      ...unproved.map((each) => output.t('drill.unproved', each)),
      lost.length === 0
        ? output.t(good === 0 ? 'drill.nothing' : 'drill.whole', { good, dispatches })
        : output.t('drill.lostCount', {
            lost: lost.length,
            dispatches: new Set(lost.map((l) => l.dispatch)).size,
            good,
          }),
    ])
    // What proves nothing does not say either that nothing is lost.
    return good > 0 && lost.length === 0 && unproved.length === 0 ? EXIT_CODES.done : EXIT_CODES.refused
  },
}
