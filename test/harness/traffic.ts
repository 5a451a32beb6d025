import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Answer, SMALL_PDF, sha256, type World } from './world.ts'

/** A signed packet on its way, and what became of it. */
export interface Parcel {
  readonly system: string
  readonly recipients: readonly string[]
  readonly packet: Buffer
  /** SHA-256 of the packet, hex; for an inline packet also its content hash. */
  readonly hash: string
  /** Every answer it got: the last one settles it. */
  readonly answers: number[]
  dispatch?: string
}

const ROUTES: readonly (readonly [system: string, recipients: readonly string[]])[] = [
  ['demo-g12', ['H26', 'H53']],
  ['demo-h26', ['G12']],
  ['demo-h53', ['H26.01']],
  ['demo-g12', ['H53']],
  ['demo-h53', ['G12', 'H26']],
]
const RECEIVERS = ['demo-g12', 'demo-h26', 'demo-h53']

/** Signs packets of about 5 KB between all demo systems before the clock runs. */
export function signParcels(world: World, count: number): Parcel[] {
  const bytes = Buffer.concat([SMALL_PDF, Buffer.alloc(400, '% đệm\n')])
  const attachments = [{ contentId: 'tb-1', name: 'thong-bao.pdf', mediaType: 'application/pdf', bytes }]
  return Array.from({ length: count }, (_, i) => {
    const [system, recipients] = ROUTES[i % ROUTES.length] as (typeof ROUTES)[number]
    const packet = world.packet(system, recipients, { attachments })
    return { system, recipients, packet, hash: sha256(packet).toString('hex'), answers: [] }
  })
}

/** Submits as a durable client does: the same bytes again after a broken connection or a 503, until there is an answer. */
export async function deliver(world: World, parcel: Parcel, ms = 60_000): Promise<Answer> {
  const end = Date.now() + ms
  for (;;) {
    const answer = await world.submit(parcel.system, parcel.packet).catch(() => undefined)
    parcel.answers.push(answer?.status ?? 0)
    if (answer && answer.status !== 503) {
      if (answer.status < 300) parcel.dispatch = answer.body.dispatch
      return answer
    }
    if (Date.now() > end) throw new Error(`no answer within ${ms} ms: ${parcel.answers.join()}`)
    await sleep(100)
  }
}

/** Runs `work` over all items, so many at a time. */
export async function inParallel<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T, index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      await work(items[index] as T, index)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

export interface Receivers {
  /** Consignments that were acknowledged, with the SHA-256 of what was fetched under them. */
  readonly taken: ReadonlyMap<string, string>
  /** Packets that were fetched more than once: allowed, and told. */
  readonly repeats: number
  stop(): Promise<void>
}

/** Every demo system leases, fetches and acknowledges until stopped; a failing call is simply made again. */
export function startReceivers(world: World, systems: readonly string[] = RECEIVERS): Receivers {
  const taken = new Map<string, string>()
  const fetched = new Set<string>()
  let [stopped, repeats] = [false, 0]

  async function receive(system: string): Promise<void> {
    while (!stopped) {
      const some = await takeSome(system).catch(() => 0)
      if (some === 0) await sleep(50)
    }
  }

  async function takeSome(system: string): Promise<number> {
    const leased = await world.call(system, 'POST', '/v1/mailbox/lease', { body: { max: 50, seconds: 5 } })
    const items: { lease: string; item: { consignment: string } }[] = leased.body?.items ?? []
    const ready: { consignment: string; lease: string }[] = []
    const hashes = new Map<string, string>()
    await inParallel(items, 5, async ({ lease, item: { consignment } }) => {
      const packet = await world.call(system, 'GET', `/v1/consignments/${consignment}/parts/0?lease=${lease}`)
      if (packet.status !== 200) return
      if (fetched.has(consignment)) repeats++
      fetched.add(consignment)
      hashes.set(consignment, sha256(packet.bytes).toString('hex'))
      ready.push({ consignment, lease })
    })
    if (ready.length === 0) return 0
    const ended = await world.call(system, 'POST', '/v1/mailbox/acknowledge', { body: { items: ready } })
    for (const { consignment, ok } of (ended.body?.items ?? []) as { consignment: string; ok: boolean }[]) {
      if (ok) taken.set(consignment, hashes.get(consignment) as string)
    }
    return ready.length
  }

  const running = systems.map(receive)
  return {
    taken,
    get repeats() {
      return repeats
    },
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
}

/** What the database says of parcels once everything has come to rest. */
export interface Outcome {
  /** Parcels that are one dispatch. */
  readonly accepted: number
  /** Recipients of them whose consignment is acknowledged, fetched byte for byte, in a closed dispatch. */
  readonly delivered: number
  readonly expected: number
  readonly lost: number
  /** Dispatches beyond one per parcel and consignments beyond one per recipient. */
  readonly seconds: number
  /** Consignments by the state of their dispatch and their own: tells where things stand still. */
  readonly states: Readonly<Record<string, number>>
}

/** Waits until every dispatch is closed and the log holds every entry, at most `ms`; then counts. */
export async function settle(
  world: World,
  parcels: readonly Parcel[],
  receivers: Receivers,
  ms: number,
): Promise<Outcome> {
  const hashes = parcels.map(({ hash }) => hash)
  const rest = `select (select count(*) from dispatch where encode(content_hash, 'hex') = any($1) and state <> 'CLOSED')
    + (select count(*) from audit_pending) as open`
  await world.until(async () => (await world.eyes.query(rest, [hashes])).rows[0].open === 0, ms).catch(() => undefined)
  const { rows } = await world.eyes.query<{
    hash: string
    dispatches: number
    consignments: { id: string; agency: string; state: string }[]
  }>(
    `select encode(d.content_hash, 'hex') as hash, count(distinct d.id)::int as dispatches,
       coalesce(json_agg(json_build_object('id', c.id, 'agency', c.agency_code, 'state', concat_ws(' ', d.state, c.state)))
         filter (where c.id is not null), '[]') as consignments
     from dispatch d left join consignment c on c.dispatch_id = d.id where encode(d.content_hash, 'hex') = any($1) group by 1`,
    [hashes],
  )
  const byHash = new Map(rows.map((row) => [row.hash, row]))
  const outcome = { accepted: 0, delivered: 0, expected: 0, lost: 0, seconds: 0, states: {} as Record<string, number> }
  for (const { hash, recipients } of parcels) {
    const row = byHash.get(hash)
    outcome.expected += recipients.length
    if (row) outcome.accepted++
    outcome.seconds += Math.max(0, (row?.dispatches ?? 0) - 1)
    for (const { state } of row?.consignments ?? []) outcome.states[state] = (outcome.states[state] ?? 0) + 1
    for (const agency of recipients) {
      const own = row?.consignments.filter((each) => each.agency === agency) ?? []
      const arrived = own.some(({ id, state }) => state === 'CLOSED ACKNOWLEDGED' && receivers.taken.get(id) === hash)
      if (arrived) outcome.delivered++
      else outcome.lost++
      outcome.seconds += Math.max(0, own.length - 1)
    }
  }
  return outcome
}

/** Says of an outcome what P2 promises. */
export function sayWhole(t: Test, outcome: Outcome, parcels: number): void {
  t.equal(outcome.accepted, parcels, 'accepted')
  t.equal(outcome.delivered, outcome.expected, 'delivered: leased, fetched byte for byte, acknowledged, closed')
  t.equal(outcome.lost, 0, 'lost')
  t.equal(outcome.seconds, 0, 'second dispatches and second consignments')
}

/** What is wrong with the log: facts without an entry or with two, entries without a leaf, gaps. Empty when nothing is. */
export async function findLogFaults(world: Pick<World, 'eyes'>): Promise<string[]> {
  const { rows } = await world.eyes.query<{ fault: string }>(
    `select 'no leaf: ' || event as fault from audit_entry where id not in (select entry_id from log_leaf)
     union all select 'gap in the indexes' from log_leaf having count(*) <> max(index) + 1
     union all select 'twice: ' || event from audit_entry e
       where dispatch_id is not null and event not in ('AttemptBegun', 'AttemptEnded', 'ConsignmentNotification')
       group by event, dispatch_id, consignment_id having count(*) > 1
         -- What an operator has released is consigned anew, and its terms begin anew.
         + case when event in ('ContentConsignment', 'ConsignmentQueued', 'DeadlinePassed') then (select count(*) from audit_entry r
             where r.consignment_id = e.consignment_id and r.event = 'ConsignmentReleased') else 0 end
     union all select 'not one entry for each attempt: ' || event from (values ('AttemptBegun'), ('AttemptEnded')) as a(event)
       where (select count(*) from audit_entry e where e.event = a.event) <> (select count(*) from delivery_attempt)
     union all select 'no entry: accepted' from dispatch d where not exists
       (select from audit_entry e where e.dispatch_id = d.id and e.event = 'SubmissionAcceptance')
     union all select 'no entry: acknowledged' from consignment c where c.state = 'ACKNOWLEDGED' and not exists
       (select from audit_entry e where e.consignment_id = c.id and e.event = 'ConsignmentAcceptance')`,
  )
  return rows.map(({ fault }) => fault)
}
