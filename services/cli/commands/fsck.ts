import type { Call, Command } from '../command.ts'
import { EXIT_CODES } from '../command.ts'
import { checkEverything, type FsckReport } from '../operate/check-everything.ts'
import type { Finding } from '../operate/fsck/finding.ts'
import { OPERATOR_OPTIONS } from '../operate/with-operations.ts'

/**
 * `lienthong fsck [--content] [--repair --reason TEXT]`: compares rows, log, content, messages and jobs with each other beside living traffic. Exit code
 * 1 when something is wrong and was not mended.
 */
export const fsckCommand: Command = {
  options: {
    ...OPERATOR_OPTIONS,
    content: { type: 'boolean' },
    repair: { type: 'boolean' },
    grace: { type: 'string' },
    limit: { type: 'string' },
  },
  async run(call) {
    const report = await checkEverything(call)
    call.output.result(report, describe(call, report))
    const wrong = report.findings.some(({ severity, mended }) => severity !== 'info' && !mended)
    return wrong || report.more > 0 ? EXIT_CODES.refused : EXIT_CODES.done
  },
}

function describe(call: Call, { findings, more, counts, unchecked }: FsckReport): string[] {
  const { output } = call
  const { dispatches, entries, files } = counts
  const count = findings.length + more
  return [
    ...findings.map((found) => line(call, found)),
    count === 0
      ? output.t('fsck.good', { dispatches, entries, files })
      : output.t('fsck.bad', { count, dispatches, entries, files }),
    ...unchecked.map((what) => output.t('fsck.unchecked', { what })),
  ]
}

function line({ output }: Call, found: Finding): string {
  const { kind, id, what, severity, expected, repairable, mended } = found
  const note = mended ? output.t('fsck.mended') : repairable ? output.t('fsck.canMend') : ''
  return output.t('fsck.finding', { severity, kind, id, what, expected, found: found.found, mended: note })
}
