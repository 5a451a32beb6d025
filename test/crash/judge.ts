import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../harness/seeded-random.ts'
import type { CrashWorld } from './crash-world.ts'
import { judgeHook } from './judge-hooks.ts'
import { judgeNotices } from './judge-notices.ts'
import { judgeReceipts } from './judge-receipts.ts'
import { isThere } from './operate-storm.ts'
import type { Party, Traffic } from './parties.ts'
import {
  type Arrival,
  type Handover,
  readArrivals,
  readHandovers,
  readInbox,
  readStatuses,
  type StatusSent,
} from './read-stores.ts'

/** What the clients' stores say once everything rests; every fault in one line of words. */
export interface Verdict {
  readonly documents: number
  readonly consignments: number
  readonly statuses: number
  /** Recipients without the document, or with other bytes; receipts that are missing or do not verify. */
  readonly lost: readonly string[]
  /** Consignments, dispatches, attempts or hand-ons beyond the one there should be. */
  readonly doubled: readonly string[]
  /** Hand-overs that came again under the same consignment id, which is allowed. */
  readonly repeats: number
  readonly receipts: number
  /** Receipts of these whose signature was verified. */
  readonly verified: number
  /** Consignments that were recalled before anybody had them. */
  readonly withdrawn: number
  /** Notices that web hooks were told, each once, and those that came again. */
  readonly hooks: { readonly told: number; readonly repeats: number }
  /** Notices to people by state, in words. */
  readonly notices: string
}

/** Holds what the senders' stores promise against what the receivers' stores hold. `random` chooses what is only sampled. */
export async function judge(world: CrashWorld, traffic: Traffic, random: Random): Promise<Verdict> {
  const lost: string[] = []
  const doubled: string[] = []
  const handovers = traffic.parties.flatMap(({ dir }) => readHandovers(dir))
  const arrivals = readArrivals(world, traffic.parties)
  const byId = new Map(arrivals.map((arrival) => [arrival.consignment, arrival]))
  const expected = new Set<string>()
  const withdrawn = await readWithdrawn(traffic, handovers)
  let consignments = 0
  for (const handover of handovers) {
    for (const { agency, consignment } of handover.recipients) {
      consignments += 1
      expected.add(consignment)
      if (withdrawn.has(consignment)) {
        if (byId.has(consignment) || isThere(world, traffic, consignment))
          doubled.push(`${handover.name} to ${agency} was recalled before anybody had it, and is there`)
        continue
      }
      const fault = faultOf(handover, byId.get(consignment), agency)
      if (fault) lost.push(`${handover.name} to ${agency}: ${fault}`)
    }
  }
  const first = new Map<string, Handover>()
  for (const handover of handovers) {
    const other = first.get(handover.dispatch)
    if (other) doubled.push(`${handover.name} and ${other.name} are one dispatch`)
    first.set(handover.dispatch, handover)
  }
  for (const { consignment, agency, kind } of arrivals)
    if (kind === 'document' && !expected.has(consignment))
      doubled.push(`${agency} has ${consignment}, which nobody sent`)
  const statuses = traffic.parties.flatMap(({ dir }) => readStatuses(dir))
  judgeStatuses(statuses, arrivals, { lost, doubled })
  judgeHandedOn(traffic.parties, { lost, doubled })
  doubled.push(...(await strangers(world, handovers, arrivals)), ...repeatedAttempts(world))
  lost.push(...pushFaults(world), ...world.hooks.faults)
  const { parties } = traffic
  const receipts = await judgeReceipts(world, { parties, handovers, withdrawn, random })
  const notices = await judgeNotices(
    world,
    // Only new documents have a term in which they are to be sent.
    handovers.filter(({ name }) => !traffic.recalls.has(name)),
  )
  const hooks = { told: 0, repeats: 0 }
  for (const { system, dir } of parties.filter((party) => world.hooked.includes(party.system.systemCode))) {
    const own = handovers.filter(({ store }) => store === dir)
    const told = await judgeHook(world, { systemCode: system.systemCode, handovers: own, statuses, withdrawn })
    lost.push(...told.lost)
    doubled.push(...told.doubled)
    hooks.told += told.told
    hooks.repeats += told.repeats
  }
  lost.push(...receipts.lost, ...notices.lost)
  doubled.push(...notices.doubled)
  return {
    documents: handovers.length,
    statuses: statuses.length,
    consignments,
    lost,
    doubled,
    repeats: repeatsOf(world, traffic),
    receipts: receipts.receipts,
    verified: receipts.verified,
    withdrawn: withdrawn.size,
    hooks,
    notices: notices.states,
  }
}

/** What its sender is told was recalled, of documents that were asked back and of those that asked. Nothing else may be missing. */
async function readWithdrawn(
  { parties, recalled, recalls }: Traffic,
  handovers: readonly Handover[],
): Promise<Set<string>> {
  const withdrawn = new Set<string>()
  for (const { store, dispatch } of handovers.filter(({ name }) => recalled.has(name) || recalls.has(name))) {
    const { client } = parties.find(({ dir }) => dir === store) as Party
    const { recipients } = await client.dispatch(dispatch, { allReceipts: false })
    for (const { consignment, state } of recipients) if (state === 'RECALLED') withdrawn.add(consignment)
  }
  return withdrawn
}

function faultOf(sent: Handover, arrival: Arrival | undefined, agency: string): string | undefined {
  if (!arrival) return 'not there'
  if (arrival.agency !== agency) return `lies at ${arrival.agency}`
  const [wanted, got] = [sent.parts.join(), arrival.parts.slice(0, sent.parts.length).join()]
  return wanted === got ? undefined : 'other bytes'
}

interface Faults {
  readonly lost: string[]
  readonly doubled: string[]
}

/** A status travels as a document does: once, with the bytes that were signed. */
function judgeStatuses(statuses: readonly StatusSent[], arrivals: readonly Arrival[], { lost, doubled }: Faults): void {
  const arrived = arrivals.filter(({ kind }) => kind === 'status').map(({ parts }) => parts[0])
  const known = new Set(statuses.map(({ packet }) => packet))
  for (const { consignment, packet, outcome } of statuses) {
    if (outcome === 'refused') lost.push(`the status about ${consignment} was refused`)
    else if (!arrived.includes(packet)) lost.push(`the status about ${consignment} is not there`)
  }
  const twice = arrived.filter((packet, i) => arrived.indexOf(packet) !== i || !known.has(packet ?? ''))
  doubled.push(...twice.map((packet) => `the status ${packet} is there twice, or nobody sent it`))
}

/** Dispatches and consignments on the axis that no client knows. */
async function strangers(
  world: CrashWorld,
  handovers: readonly Handover[],
  arrivals: readonly Arrival[],
): Promise<string[]> {
  const { rows } = await world.eyes.query<{ id: string; dispatch: string }>(
    'select c.id, c.dispatch_id as dispatch from consignment c union all select d.id, d.id from dispatch d',
  )
  const known = new Set(
    handovers.flatMap(({ dispatch, recipients }) => [dispatch, ...recipients.map(({ consignment }) => consignment)]),
  )
  for (const { consignment, dispatch, kind } of arrivals) if (kind === 'status') known.add(consignment).add(dispatch)
  return rows.filter(({ id }) => !known.has(id)).map(({ id, dispatch }) => `${id} of ${dispatch} is known to no client`)
}

/** An attempt is claimed once: its number reaches the receiver once. */
function repeatedAttempts({ receiver }: CrashWorld): string[] {
  const hits = linesOf(join(receiver.dir, 'hits'))
  return hits.filter((hit, i) => hits.indexOf(hit) !== i).map((hit) => `attempt ${hit} reached the receiver twice`)
}

/** The SDK hands each consignment on to its application, once. */
function judgeHandedOn(parties: readonly Party[], { lost, doubled }: Faults): void {
  for (const { dir, system } of parties) {
    const handled = linesOf(join(dir, 'handled'))
    const twice = handled.filter((id, i) => handled.indexOf(id) !== i)
    doubled.push(...twice.map((id) => `${id} was handed on twice by ${system.systemCode}`))
    const known = new Set(handled)
    const never = readInbox(dir).filter(({ consignment }) => !known.has(consignment))
    lost.push(...never.map(({ consignment }) => `${consignment} was never handed on by ${system.systemCode}`))
  }
}

function pushFaults({ receiver }: CrashWorld): string[] {
  return linesOf(join(receiver.dir, 'faults'))
}

function repeatsOf({ receiver }: CrashWorld, { fetches }: Traffic): number {
  const hits = linesOf(join(receiver.dir, 'hits')).map((line) => line.split(' ')[0])
  const fetched = [...fetches].filter(([key]) => key.endsWith(' 0')).reduce((sum, [, count]) => sum + count - 1, 0)
  return hits.length - new Set(hits).size + fetched
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}
