import { openBlobStore } from '../../../libs/blobs/index.ts'
import { connectBus } from '../../../libs/bus/index.ts'
import type { Cause } from '../../../libs/pipeline/index.ts'
import { openQueues } from '../../../libs/queue/index.ts'
import { createLogger, readSecret, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { findConsignments, type Pool, readSystems } from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { shownTime, wholeNumber } from '../command-line.ts'
import { withDatabase } from '../database.ts'
import type { Finding } from './fsck/finding.ts'
import { repairFinding } from './fsck/repair-finding.ts'
import { type Fsck, type FsckCounts, runFsck } from './fsck/run-fsck.ts'
import { causeOf } from './with-operations.ts'

export interface FsckReport {
  readonly findings: readonly Finding[]
  /** Findings beyond those that are listed. */
  readonly more: number
  readonly counts: FsckCounts
  /** What could not be looked at: `content`, `bus`, `queues`. */
  readonly unchecked: readonly string[]
}

/** Checks everything the settings of `cli` lead to, and mends what is safe where that is wanted. */
export async function checkEverything(call: Call): Promise<FsckReport> {
  const { output, flags, environment, signal } = call
  const most = wholeNumber(call, 'limit', 10_000, [1, 1_000_000])
  const graceSeconds = wholeNumber(call, 'grace', 300, [0, 86_400])
  const settings = serviceEnvironment('cli', environment)
  const log = createLogger('cli', { level: 'silent' })
  const [natsUrl, redisUrl] = [readSecret(settings, 'NATS_URL'), readSecret(settings, 'REDIS_URL')]
  const blobs = settings.BLOB_DIR ? await openBlobStore({ dir: settings.BLOB_DIR }) : undefined
  const bus = natsUrl ? await connectBus({ url: natsUrl, name: 'fsck', signal, log }) : undefined
  const queues = redisUrl ? await openQueues({ redisUrl, name: 'fsck', log }) : undefined
  const counts: FsckCounts = { dispatches: 0, entries: 0, leaves: 0, files: 0 }
  const report = { findings: [] as Finding[], more: 0, counts, unchecked: [] as string[] }
  if (!blobs) report.unchecked.push('content')
  if (!bus?.connected) report.unchecked.push('bus')
  if (!queues?.connected) report.unchecked.push('queues')
  try {
    return await withDatabase(call, async (pool) => {
      // Who mends is known before anything is looked at.
      const cause = flags.repair === true ? await causeOf(call, pool) : undefined
      const systems = (await readSystems(pool)).filter(({ delivery }) => delivery === 'push').map(({ code }) => code)
      const fsck: Fsck = {
        pool,
        blobs,
        bus: bus?.connected ? bus : undefined,
        queues: queues?.connected ? queues : undefined,
        systems,
        content: flags.content === true,
        graceSeconds,
        onProgress: (stage, at) =>
          output.progress(output.t('fsck.progress', { stage, at: shownTime(timeOf(at)) || at })),
        counts,
      }
      for await (const found of runFsck(fsck)) {
        const mended = cause !== undefined && found.repairable && (await mend(pool, found, cause))
        if (report.findings.length < most) report.findings.push(mended ? { ...found, mended } : found)
        else report.more++
      }
      return report
    })
  } finally {
    await queues?.close()
    await bus?.close()
  }
}

function mend(pool: Pool, found: Finding, cause: Cause): Promise<boolean> {
  return repairFinding(
    pool,
    found,
    cause,
    async (consignment) => (await findConsignments(pool, [consignment]))[0]?.dispatch_id,
  )
}

/** When a UUIDv7 was made; nothing for another place. */
function timeOf(id: string): Date | undefined {
  return /^[0-9a-f]{8}-/.test(id) ? new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)) : undefined
}
