import type { BlobStore } from '../../libs/blobs/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import { findSenders, type Pool } from '../../libs/store/index.ts'

const EVERY_MS = 3_600_000
/** Nothing younger is touched: its commit may still be under way, or its outcome unknown. */
const OLD_MS = 24 * 3_600_000

export interface ContentSweep {
  readonly blobs: BlobStore
  readonly pool: Pool
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Removes content nobody refers to: uploads that broke off, and files of submissions that were never committed. */
export async function sweepContent(
  { blobs, pool, log }: Omit<ContentSweep, 'signal'>,
  olderThanMs = OLD_MS,
): Promise<number> {
  let removed = await blobs.sweepIncoming(olderThanMs)
  const isKnown = async (ids: string[]): Promise<Set<string>> =>
    new Set((await findSenders(pool, ids)).map(({ id }) => id))
  for await (const dispatchId of blobs.listOrphans({ olderThanMs, isKnown })) {
    await blobs.remove(dispatchId)
    log.info({ dispatchId }, 'content without a dispatch removed')
    removed++
  }
  return removed
}

/** Sweeps every hour until the signal. */
export function keepContentSwept(sweep: ContentSweep): void {
  const timer = setInterval(() => {
    sweepContent(sweep).catch((error: unknown) => sweep.log.warn({ err: error }, 'content could not be swept'))
  }, EVERY_MS)
  timer.unref()
  sweep.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
