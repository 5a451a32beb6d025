import { createHash, randomBytes } from 'node:crypto'
import { BusError } from '../../../libs/errors/index.ts'
import { appendLeaves, EMPTY_FRONTIER, type Frontier, frontierRoot, toHex } from '../../../libs/merkle/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { sabotaged } from '../../../libs/runtime/index.ts'
import { openEpoch, type Queryable, readLeafHashes, readLogEnd } from '../../../libs/store/index.ts'
import type { LastCheckpoint } from './last-checkpoint.ts'

const PAGE = 20_000
const EPOCH = /\/epoch-(\d{1,8})(?:-[0-9a-f]{8})?$/
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/** How the log goes on after a restore. */
export interface OpenedEpoch {
  readonly epoch: number
  readonly origin: string
  readonly previousOrigin: string
  readonly restoredSize: number
  /** RFC 6962 root of the restored log, made anew from its leaves; hex. */
  readonly restoredRoot: string
}

export interface EpochFacts {
  /** The newest checkpoint anybody has. */
  readonly lastSigned: LastCheckpoint | undefined
  /** The highest epoch that is known to have been opened from this backup, or otherwise. */
  readonly known: number
  /** Told the number before it is used: whoever restores the same backup again must not use it a second time. */
  readonly onNumber: (epoch: number) => Promise<void>
  /** Who opens it, and why, as the entry says it. */
  readonly by: Readonly<Record<string, string>>
}

/**
 * Opens the epoch in which the log goes on after a restore: what was written after the copy is gone, so nothing may be appended under the
 * old origin. Entry 0 holds the old origin, the restored size and root, and the last signed ones.
 * @throws BusError LT_BACKUP_LOG_BUSY, LT_BACKUP_CHECKPOINT_FOREIGN
 */
export async function openNextEpoch(database: Queryable, facts: EpochFacts): Promise<OpenedEpoch> {
  const end = await readLogEnd(database)
  if (facts.lastSigned) needSameLog(end.origin, facts.lastSigned)
  const restoredRoot = toHex(await frontierRoot(sha256, await frontierOf(database, end.epoch)))
  const epoch = 1 + Math.max(end.epoch, facts.known, epochOf(facts.lastSigned?.origin))
  // Two restores need not know of each other, and two logs must never go on under one origin: the number says the order, the rest sets apart.
  const origin = `${end.origin.replace(EPOCH, '')}/epoch-${epoch}-${randomBytes(4).toString('hex')}`
  const opened = { epoch, origin, previousOrigin: end.origin, restoredSize: end.nextIndex, restoredRoot }
  if (sabotaged('epoch-kept')) return opened
  await facts.onNumber(epoch)
  const { lastSigned, by } = facts
  const details = {
    origin,
    previousOrigin: end.origin,
    restoredSize: end.nextIndex,
    restoredRoot,
    lastSigned: lastSigned ? { ...lastSigned } : null,
    ...by,
  }
  const sealed = sealEntry({ event: EVENTS.epochOpened, details }, new Date())
  const outcome = await openEpoch(database, { epoch, origin, entry: { owner: sealed.id, ...sealed }, after: end })
  if (outcome !== 'opened') throw new BusError('LT_BACKUP_LOG_BUSY')
  return opened
}

/** Refuses a checkpoint of another log: its epochs say nothing about this one. @throws BusError LT_BACKUP_CHECKPOINT_FOREIGN */
export function needSameLog(origin: string, lastSigned: LastCheckpoint): void {
  if (lastSigned.origin.replace(EPOCH, '') !== origin.replace(EPOCH, ''))
    throw new BusError('LT_BACKUP_CHECKPOINT_FOREIGN', { found: lastSigned.origin, origin })
}

/** The right edge of an epoch's tree, from its leaves. */
async function frontierOf(database: Queryable, epoch: number): Promise<Frontier> {
  let frontier = EMPTY_FRONTIER
  for (;;) {
    const leaves = await readLeafHashes(database, epoch, frontier.size, PAGE)
    if (leaves.length === 0) return frontier
    frontier = await appendLeaves(sha256, frontier, leaves)
  }
}

function epochOf(origin = ''): number {
  return Number(EPOCH.exec(origin)?.[1] ?? 0)
}
