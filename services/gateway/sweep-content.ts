import type { BlobStore } from '../../libs/blobs/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import {
  type Connection,
  findSenders,
  noteContentSwept,
  openConnection,
  readContentSwept,
  tryLeadContentSweep,
} from '../../libs/store/index.ts'

const EVERY_MS = 3_600_000
const DAY_MS = 24 * EVERY_MS
/** Nothing younger is touched: its commit may still be under way, or its outcome unknown. */
const OLD_MS = DAY_MS
/** Content lies in the store at the latest so long after its dispatch got its id. */
const LATE_MS = 2 * EVERY_MS
/** What was put aside is deleted after so long. */
const KEPT_ASIDE_MS = 30 * DAY_MS

export interface ContentSweep {
  readonly blobs: BlobStore
  readonly databaseUrl: string
  /** More content without a row than this comes from no crash: most likely the database was restored. Then nothing is put aside. */
  readonly maxOrphans: number
  readonly log: Logger
  readonly signal: AbortSignal
}

/**
 * Clears away content nobody refers to: uploads that broke off, and files of submissions that were never committed. The latter are put
 * aside for a month, never deleted at once. Each dispatch is looked at once, when it is a day old; one gateway at a time does it.
 */
export async function sweepContent(
  { blobs, databaseUrl, maxOrphans, log }: Omit<ContentSweep, 'signal'>,
  olderThanMs = OLD_MS,
): Promise<number> {
  const cleared = await blobs.sweepIncoming(olderThanMs)
  const connection = await openConnection(databaseUrl, 'lienthong content sweep')
  try {
    if (!(await tryLeadContentSweep(connection))) return cleared
    await blobs.emptyQuarantine(new Date(Date.now() - KEPT_ASIDE_MS))
    return cleared + (await putAside({ blobs, log, maxOrphans }, connection, olderThanMs))
  } finally {
    await connection.end()
  }
}

async function putAside(
  { blobs, log, maxOrphans }: Pick<ContentSweep, 'blobs' | 'log' | 'maxOrphans'>,
  connection: Connection,
  olderThanMs: number,
): Promise<number> {
  const until = new Date(Date.now() - olderThanMs)
  const since = await readContentSwept(connection)
  const isKnown = async (ids: string[]): Promise<Set<string>> =>
    new Set((await findSenders(connection, ids)).map(({ id }) => id))
  const orphans: string[] = []
  for await (const dispatchId of blobs.listOrphans({ olderThanMs, since, isKnown })) {
    orphans.push(dispatchId)
    if (orphans.length > maxOrphans) {
      log.error(
        { setting: 'MAX_ORPHANS', count: maxOrphans, at: since },
        'more content without a dispatch than the setting allows: nothing is put aside until somebody has looked and raised it',
      )
      return 0
    }
  }
  for (const dispatchId of orphans) {
    await blobs.quarantine(dispatchId)
    log.warn({ dispatchId }, 'content without a dispatch put aside')
  }
  // A folder that was written to long after its id was made is looked at again.
  await noteContentSwept(connection, new Date(until.getTime() - LATE_MS))
  return orphans.length
}

/** Sweeps every hour until the signal. */
export function keepContentSwept(sweep: ContentSweep): void {
  const timer = setInterval(() => {
    sweepContent(sweep).catch((error: unknown) => sweep.log.warn({ err: error }, 'content could not be swept'))
  }, EVERY_MS)
  timer.unref()
  sweep.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
