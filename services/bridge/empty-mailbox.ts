import type { LeasedConsignment } from '../../libs/client/index.ts'
import type { Bridge } from './bridge.ts'
import { failureOf } from './bring-in.ts'
import { inParallel } from './in-parallel.ts'
import { isAway } from './judge-failure.ts'
import {
  batchName,
  consignmentsOf,
  type Lot,
  lineOf,
  newBatch,
  type OutwardBatch,
  withLeases,
} from './outward-batch.ts'
import { sendOut } from './send-out.ts'
import type { SentIds } from './sent-ids.ts'

const LEASED_AT_ONCE = 100

/**
 * Everything that waits in our mailbox for the other axis: first what was begun before, then what can be leased now. Answers how many
 * packets are still on their way. @throws when one side is away
 */
export async function emptyMailbox(bridge: Bridge, sent: SentIds): Promise<number> {
  const { state, axis, signal, leaseSeconds } = bridge
  const open = new Map<string, OutwardBatch>()
  for (const name of await state.names('out')) {
    const batch = await state.read<OutwardBatch>('out', name)
    if (!batch) continue
    open.set(name, batch)
    for (const { docId } of batch.lots) if (docId !== undefined && !sent.has(docId)) await sent.add(docId)
  }
  await settle(bridge, open, sent)
  while (!signal.aborted) {
    const leased = await axis.lease({ max: LEASED_AT_ONCE, seconds: leaseSeconds })
    if (leased.length === 0) break
    await takeIn(bridge, open, leased)
    const before = open.size
    // All of them, not the new ones alone: what is in doubt goes before whatever its sender sent since.
    await settle(bridge, open, sent)
    // What failed is leased for a while yet; asking on would only meet the same trouble.
    if (open.size >= before) break
  }
  return open.size
}

/** New leases for what is on its way already; a record for each dispatch that is not. */
async function takeIn(
  { state }: Bridge,
  open: Map<string, OutwardBatch>,
  leased: readonly LeasedConsignment[],
): Promise<void> {
  const owner = new Map([...open].flatMap(([name, batch]) => consignmentsOf(batch).map((id) => [id, name] as const)))
  const leases = new Map(leased.map(({ item, lease }) => [item.consignment, lease]))
  const touched = new Map<string, OutwardBatch>()
  const fresh = new Map<string, [LeasedConsignment, ...LeasedConsignment[]]>()
  for (const each of leased) {
    const name = owner.get(each.item.consignment)
    const known = name === undefined ? undefined : open.get(name)
    if (name !== undefined && known) touched.set(name, withLeases(known, leases))
    else {
      const same = fresh.get(each.item.dispatch)
      if (same) same.push(each)
      else fresh.set(each.item.dispatch, [each])
    }
  }
  for (const group of fresh.values()) touched.set(batchName(group[0]), newBatch(group))
  for (const [name, batch] of touched) {
    await state.write('out', name, batch)
    open.set(name, batch)
  }
}

const isInDoubt = ({ attemptAt, docId }: Lot): boolean => attemptAt !== undefined && docId === undefined

/** Packets of one sender go one after the other, those of different ones beside each other. What is over leaves the map. */
async function settle(bridge: Bridge, batches: Map<string, OutwardBatch>, sent: SentIds): Promise<void> {
  const { state, parallel, signal, log } = bridge
  const lines = new Map<string, string[]>()
  for (const [name, batch] of batches) lines.set(lineOf(batch), [...(lines.get(lineOf(batch)) ?? []), name])
  const inDoubt = (name: string): boolean => batches.get(name)?.lots.some(isInDoubt) ?? false
  await inParallel([...lines.values()], parallel, async (line) => {
    for (const name of [...line.filter(inDoubt), ...line.filter((each) => !inDoubt(each))]) {
      if (signal.aborted) return
      const batch = batches.get(name)
      if (!batch) continue
      try {
        await sendOut(bridge, name, batch, sent)
      } catch (error) {
        if (isAway(error) || signal.aborted) throw error
        log.warn({ dispatchId: batch.dispatch, ...failureOf(error) }, 'not sent yet')
      }
      // The disk knows how far it came; what this map held is of before.
      const kept = await state.read<OutwardBatch>('out', name)
      if (kept) batches.set(name, kept)
      else batches.delete(name)
      // As long as its outcome is unknown, nothing of this sender follows: the list could not tell them apart.
      if (kept?.lots.some(isInDoubt)) return
    }
  })
}
