import type { LeasedConsignment } from '../../libs/client/index.ts'
import type { Bridge } from './bridge.ts'
import { failureOf } from './bring-in.ts'
import { inParallel } from './in-parallel.ts'
import { isAway } from './judge-failure.ts'
import { batchName, consignmentsOf, lineOf, newBatch, type OutwardBatch, withLeases } from './outward-batch.ts'
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
    const touched = await takeIn(bridge, open, leased)
    const before = open.size
    await settle(bridge, touched, sent)
    for (const name of touched.keys()) open.delete(name)
    const failed = [...touched].filter(([, batch]) => batch !== undefined)
    for (const [name, batch] of failed) open.set(name, batch)
    // What failed is leased for a while yet; asking on would only meet the same trouble.
    if (failed.length > 0 && open.size >= before) break
  }
  return open.size
}

/** New leases for what is on its way already; a record for each dispatch that is not. Answers the batches to go on with. */
async function takeIn(
  { state }: Bridge,
  open: Map<string, OutwardBatch>,
  leased: readonly LeasedConsignment[],
): Promise<Map<string, OutwardBatch>> {
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
  return touched
}

/** Packets of one sender go one after the other, those of different ones beside each other. What is over leaves the map. */
async function settle(bridge: Bridge, batches: Map<string, OutwardBatch>, sent: SentIds): Promise<void> {
  const { state, parallel, signal, log } = bridge
  const lines = new Map<string, string[]>()
  for (const [name, batch] of batches) lines.set(lineOf(batch), [...(lines.get(lineOf(batch)) ?? []), name])
  await inParallel([...lines.values()], parallel, async (names) => {
    for (const name of names) {
      if (signal.aborted) return
      const batch = batches.get(name)
      if (!batch) continue
      try {
        if (await sendOut(bridge, name, batch, sent)) batches.delete(name)
      } catch (error) {
        if (isAway(error) || signal.aborted) throw error
        log.warn({ dispatchId: batch.dispatch, ...failureOf(error) }, 'not sent yet')
        const kept = await state.read<OutwardBatch>('out', name)
        if (kept) batches.set(name, kept)
        // As long as its outcome is unknown, nothing of this sender follows: the list could not tell them apart.
        if (kept?.lots.some(({ attemptAt }) => attemptAt !== undefined)) return
      }
    }
  })
}
