import { setTimeout as sleep } from 'node:timers/promises'
import type { BlobStore } from '../../../../libs/blobs/index.ts'
import type { Bus } from '../../../../libs/bus/index.ts'
import type { Queues } from '../../../../libs/queue/index.ts'
import {
  type DispatchBundle,
  findDangling,
  findFalsePending,
  findSenders,
  listDispatchIds,
  type Pool,
  type Queryable,
  REFERENCES,
  type ReferringTable,
  readBundles,
  readEntryPage,
  readLeafPage,
  readLivingFloor,
} from '../../../../libs/store/index.ts'
import { checkContent } from './check-content.ts'
import { checkDispatch } from './check-dispatch.ts'
import { checkEntry, checkLeaf, type LogPlace } from './check-log.ts'
import { checkQueues } from './check-queues.ts'
import { type Finding, finding } from './finding.ts'

/** Rows in memory at a time. */
const PAGE = 200
const THIN_PAGE = 5_000
const NIL = '00000000-0000-0000-0000-000000000000'
const END = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const DAY_MS = 86_400_000
const FINDINGS_OF_A_KIND = 1_000
/** What looks wrong is read again after so long: another process may have been between two steps. */
const SECOND_LOOK_MS = 300

export interface Fsck {
  readonly pool: Pool
  readonly blobs?: BlobStore | undefined
  readonly bus?: Bus | undefined
  readonly queues?: Queues | undefined
  readonly systems: readonly string[]
  /** Every byte of content is read. */
  readonly content: boolean
  readonly graceSeconds: number
  /** Told where it is, for someone who waits. */
  readonly onProgress?: (stage: string, at: string) => void
  readonly counts: FsckCounts
}

/** How much was looked at. */
export interface FsckCounts {
  dispatches: number
  entries: number
  leaves: number
  files: number
}

/** Everything that is not as it must be, in one pass over all tables in the order of their ids, with memory for a page. */
export async function* runFsck(fsck: Fsck): AsyncGenerator<Finding> {
  yield* checkDispatches(fsck)
  yield* checkEntries(fsck)
  yield* checkPlaces(fsck)
  yield* checkReferences(fsck)
  yield* checkOrphans(fsck)
  const { pool: database, bus, queues, systems, graceSeconds } = fsck
  yield* await checkQueues({ database, bus, queues, systems, graceSeconds })
}

async function* checkDispatches(fsck: Fsck): AsyncGenerator<Finding> {
  for (let after = NIL; ; ) {
    const ids = await listDispatchIds(fsck.pool, { after, before: END }, PAGE)
    const last = ids.at(-1)
    if (last === undefined) return
    const suspects: string[] = []
    for (const bundle of await snapshot(fsck, ids)) {
      fsck.counts.dispatches++
      fsck.counts.files += bundle.parts.filter(({ path }) => path !== null).length
      if ((await checkBundle(fsck, bundle)).length > 0) suspects.push(bundle.dispatch.id)
    }
    if (suspects.length > 0) {
      await sleep(SECOND_LOOK_MS)
      for (const bundle of await snapshot(fsck, suspects)) yield* await checkBundle(fsck, bundle)
    }
    fsck.onProgress?.('dispatch', last)
    after = last
  }
}

async function checkBundle({ blobs, content }: Fsck, bundle: DispatchBundle): Promise<Finding[]> {
  return [...checkDispatch(bundle), ...(await checkContent(bundle, { blobs, digests: content }))]
}

/** One page, all of it as of one moment. The transaction is short: nothing waits for it. */
async function snapshot({ pool, content }: Fsck, ids: readonly string[]): Promise<DispatchBundle[]> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    return await readBundles(client as Queryable, ids, content)
  } finally {
    await client.query('rollback')
    client.release()
  }
}

async function* checkEntries({ pool, counts, onProgress }: Fsck): AsyncGenerator<Finding> {
  for (let after = NIL; ; ) {
    const page = await readEntryPage(pool, { after, before: END }, 5 * PAGE)
    const last = page.at(-1)
    if (!last) return
    counts.entries += page.length
    for (const entry of page) yield* checkEntry(entry)
    onProgress?.('entry', last.id)
    after = last.id
  }
}

async function* checkPlaces({ pool, counts, onProgress }: Fsck): AsyncGenerator<Finding> {
  for (let before: LogPlace = { epoch: 0, index: -1 }; ; ) {
    const page = await readLeafPage(pool, before, THIN_PAGE)
    if (page.length === 0) break
    counts.leaves += page.length
    for (const leaf of page) {
      yield* checkLeaf(before, leaf)
      before = leaf
    }
    onProgress?.('leaf', `${before.epoch}/${before.index}`)
  }
  for (const { id, known } of await findFalsePending(pool, FINDINGS_OF_A_KIND)) {
    const found = known ? 'another hash' : 'no entry'
    yield finding('pending-false', id, { what: 'audit_pending', expected: 'an entry and its hash', found })
  }
}

async function* checkReferences({ pool, onProgress }: Fsck): AsyncGenerator<Finding> {
  const living = await readLivingFloor(pool)
  for (const table of Object.keys(REFERENCES) as ReferringTable[]) {
    const { target } = REFERENCES[table]
    // Entries never leave; dispatches and consignments do, with their months.
    const floor = target === 'audit_entry' ? NIL : living
    for (let after = NIL; ; ) {
      const { dangling, last } = await findDangling(pool, table, { after, floor }, THIN_PAGE)
      for (const id of dangling)
        yield finding('dangling', id, { what: table, expected: `its ${target}`, found: 'none' })
      if (last === null) break
      onProgress?.(table, last)
      after = last
    }
  }
}

/** Files nobody knows: what is a day old is put aside by the gateway, what is older should have been. */
async function* checkOrphans({ pool, blobs }: Fsck): AsyncGenerator<Finding> {
  if (!blobs) return
  const isKnown = async (ids: string[]): Promise<Set<string>> =>
    new Set((await findSenders(pool, ids)).map(({ id }) => id))
  const since = new Date(0)
  for await (const id of blobs.listOrphans({ olderThanMs: DAY_MS, since, isKnown }))
    yield finding('content-unknown', id, { what: 'folder of content', expected: 'a dispatch', found: 'none' })
}
