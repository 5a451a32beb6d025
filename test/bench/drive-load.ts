// Run as a process of its own: senders and receivers of one load run. Speaks with its parent by process messages.
import { setTimeout as sleep } from 'node:timers/promises'
import { EVENTS } from '../../libs/model/index.ts'
import { HttpConnections } from './http-connection.ts'
import { listenEvents } from './listen-events.ts'
import { type Percentiles, percentiles } from './percentiles.ts'
import { readPackets } from './read-packets.ts'

export interface LoadOrder {
  readonly port: number
  readonly files: readonly string[]
  readonly sender: { readonly token: string }
  readonly receivers: readonly { readonly token: string }[]
}

/** `connections`: closed loop, each sends its next packet when the last was answered. `rate`: arrivals per second, whatever happens. */
export interface PhaseOrder {
  readonly name: string
  readonly warmMs: number
  readonly ms: number
  readonly connections?: number
  readonly rate?: number
}

export interface PhaseResult {
  readonly name: string
  readonly seconds: number
  readonly accepted: number
  readonly receipted: number
  /** Milliseconds from the scheduled arrival, of everything accepted within the window. */
  readonly acceptMs: Percentiles
  readonly receiptMs: Percentiles
  readonly failures: readonly string[]
  /** Packets ran out before the time was over. */
  readonly exhausted: boolean
  /** Of everything sent in this phase, warm-up and draining included. */
  readonly total: { readonly accepted: number; readonly receipted: number }
}

/** Documents accepted and not yet receipted at most: beyond it senders wait, so that a rate is one that every stage keeps up with. */
const MAX_OPEN = 1500
const LEASE_MAX = 100
const BATCHES_AT_ONCE = 3
/** A receiver that found its mailbox empty waits for a notice, and looks again after this time. */
const LOOK_AGAIN_MS = 1000
const FETCHES_AT_ONCE = 64

interface Journey {
  readonly scheduled: number
  dispatch?: string
  readonly phase: Phase
}

interface Phase {
  readonly order: PhaseOrder
  begin: number
  end: number
  accepted: number
  receipted: number
  sent: number
  allAccepted: number
  allReceipted: number
  readonly acceptMs: number[]
  readonly receiptMs: number[]
  readonly failures: Map<string, number>
  exhausted: boolean
}

class Load {
  readonly #order: LoadOrder
  readonly #packets: Buffer[]
  readonly #submits: HttpConnections
  readonly #fetches: HttpConnections
  readonly #receipts: HttpConnections
  readonly #journeys = new Map<string, Journey>()
  #next = 0
  #open = 0
  #waiting: (() => void)[] = []

  constructor(order: LoadOrder, submitConnections: number) {
    this.#order = order
    this.#packets = order.files
      .map(readPackets)
      .reduce((all, some) => all.flatMap((one, i) => (some[i] ? [one, some[i]] : [one])))
    this.#submits = new HttpConnections(order.port, submitConnections)
    this.#fetches = new HttpConnections(order.port, FETCHES_AT_ONCE)
    this.#receipts = new HttpConnections(order.port, FETCHES_AT_ONCE)
    for (const { token } of order.receivers) void this.#receive(token)
  }

  async run(order: PhaseOrder): Promise<PhaseResult> {
    const now = performance.now()
    const phase: Phase = {
      order,
      begin: now + order.warmMs,
      end: now + order.warmMs + order.ms,
      accepted: 0,
      receipted: 0,
      sent: 0,
      allAccepted: 0,
      allReceipted: 0,
      acceptMs: [],
      receiptMs: [],
      failures: new Map(),
      exhausted: false,
    }
    const marks = (async () => {
      await sleep(order.warmMs)
      process.send?.({ mark: 'begin', phase: order.name })
      await sleep(order.ms)
      process.send?.({ mark: 'end', phase: order.name })
    })()
    if (order.rate === undefined)
      await Promise.all(Array.from({ length: order.connections ?? 1 }, () => this.#closedLoop(phase)))
    else await this.#openLoop(phase, order.rate)
    await marks
    const patience = performance.now() + 30_000
    while (phase.allReceipted < phase.allAccepted && performance.now() < patience) await sleep(20)
    return {
      name: order.name,
      seconds: order.ms / 1000,
      accepted: phase.accepted,
      receipted: phase.receipted,
      acceptMs: percentiles(phase.acceptMs),
      receiptMs: percentiles(phase.receiptMs),
      failures: [...phase.failures].map(([what, count]) => `${count}x ${what}`),
      exhausted: phase.exhausted,
      total: { accepted: phase.allAccepted, receipted: phase.allReceipted },
    }
  }

  async #closedLoop(phase: Phase): Promise<void> {
    while (performance.now() < phase.end) {
      if (this.#open >= MAX_OPEN) await new Promise<void>((resolve) => this.#waiting.push(resolve))
      else if (!(await this.#submit(phase, performance.now()))) return
    }
  }

  async #openLoop(phase: Phase, rate: number): Promise<void> {
    const start = performance.now()
    const under: Promise<unknown>[] = []
    for (let n = 0; ; n++) {
      const at = start + (n * 1000) / rate
      if (at >= phase.end) break
      const wait = at - performance.now()
      if (wait > 1) await sleep(wait)
      if (this.#next >= this.#packets.length) break
      under.push(this.#submit(phase, at))
    }
    await Promise.all(under)
  }

  /** Answers `false` when no packet is left. */
  async #submit(phase: Phase, scheduled: number): Promise<boolean> {
    const packet = this.#packets[this.#next++]
    if (!packet) {
      phase.exhausted = true
      return false
    }
    phase.sent++
    this.#open++
    const documentId = /<edXML:DocumentId>([^<]+)</.exec(packet.toString())?.[1] ?? ''
    const journey: Journey = { scheduled, phase }
    this.#journeys.set(documentId, journey)
    const { status, body } = await this.#submits.request(
      'POST',
      '/v1/dispatches',
      this.#order.sender.token,
      'application/edxml+xml',
      packet,
    )
    const now = performance.now()
    if (status !== 202) {
      this.#fail(phase, `submit ${status} ${body.toString().slice(0, 200)}`)
      return true
    }
    phase.allAccepted++
    if (now >= phase.begin && now < phase.end) {
      phase.accepted++
      phase.acceptMs.push(now - scheduled)
    }
    return true
  }

  #fail(phase: Phase, what: string): void {
    phase.failures.set(what, (phase.failures.get(what) ?? 0) + 1)
    this.#closed()
  }

  #closed(): void {
    this.#open--
    this.#waiting.shift()?.()
  }

  /** One receiving system: leases in batches, stores what it fetches, acknowledges in batches. */
  async #receive(token: string): Promise<void> {
    const lane = new HttpConnections(this.#order.port, BATCHES_AT_ONCE + 1)
    const ask = Buffer.from(JSON.stringify({ max: LEASE_MAX }))
    const under = new Set<Promise<void>>()
    let noticed = false
    let wake = (): void => undefined
    await listenEvents(this.#order.port, token, (event) => {
      if (event !== 'mailbox') return
      noticed = true
      wake()
    })
    for (;;) {
      noticed = false
      const { status, body } = await lane.request('POST', '/v1/mailbox/lease', token, 'application/json', ask)
      if (status !== 200) throw new Error(`lease: ${status} ${body.toString().slice(0, 300)}`)
      const { items } = JSON.parse(body.toString()) as { items: LeasedItem[] }
      if (items.length === 0) {
        if (!noticed) await Promise.race([sleep(LOOK_AGAIN_MS), new Promise<void>((resolve) => (wake = resolve))])
        continue
      }
      const batch = this.#store(lane, token, items).finally(() => under.delete(batch))
      under.add(batch)
      if (under.size >= BATCHES_AT_ONCE) await Promise.race(under)
    }
  }

  async #store(lane: HttpConnections, token: string, items: readonly LeasedItem[]): Promise<void> {
    const fetched = await Promise.all(
      items.map(async ({ lease, item }) => {
        const answer = await this.#fetches.request(
          'GET',
          `/v1/consignments/${item.consignment}/parts/0?lease=${lease}`,
          token,
        )
        const whole = answer.status === 200 && answer.body.length === item.contentSize
        if (!whole) this.#failItem(item, `fetch ${answer.status}`)
        return whole ? [{ consignment: item.consignment, lease }] : []
      }),
    )
    const acknowledged = Buffer.from(JSON.stringify({ items: fetched.flat() }))
    const { status, body } = await lane.request(
      'POST',
      '/v1/mailbox/acknowledge',
      token,
      'application/json',
      acknowledged,
    )
    const ended =
      status === 200 ? (JSON.parse(body.toString()) as { items: { consignment: string; ok: boolean }[] }).items : []
    const ok = new Set(ended.filter((each) => each.ok).map((each) => each.consignment))
    const stored = items.filter(({ item }) => ok.has(item.consignment))
    if (stored.length > 0) void this.#collectReceipts(stored.map(({ item }) => item))
    for (const { item } of items) if (!ok.has(item.consignment)) this.#failItem(item, `acknowledge ${status}`)
  }

  #failItem(item: LeasedItem['item'], what: string): void {
    const journey = this.#journeys.get(item.documentId)
    if (journey) this.#fail(journey.phase, what)
  }

  /** The sender fetches the signed acknowledgement receipts of what was stored. */
  async #collectReceipts(items: readonly LeasedItem['item'][]): Promise<void> {
    const wanted = Buffer.from(
      JSON.stringify({ dispatches: items.map(({ dispatch }) => dispatch), events: [EVENTS.acknowledged] }),
    )
    const { token } = this.#order.sender
    const { status, body } = await this.#receipts.request(
      'POST',
      '/v1/receipts/fetch',
      token,
      'application/json',
      wanted,
    )
    const answered = status === 200 ? (JSON.parse(body.toString()) as FetchedReceipts).items : []
    const receipts = new Map(answered.map((each) => [each.dispatch, each.receipts]))
    const now = performance.now()
    for (const { dispatch, documentId } of items) {
      const journey = this.#journeys.get(documentId)
      if (!journey) throw new Error(`a document nobody sent: ${documentId}`)
      this.#journeys.delete(documentId)
      const { phase, scheduled } = journey
      const [receipt] = receipts.get(dispatch) ?? []
      if (!receipt?.xml.includes('SignatureValue')) {
        this.#fail(phase, `receipt ${status}`)
        continue
      }
      this.#closed()
      phase.allReceipted++
      if (now < phase.begin || now >= phase.end) continue
      phase.receipted++
      phase.receiptMs.push(now - scheduled)
    }
  }
}

interface FetchedReceipts {
  readonly items: readonly { readonly dispatch: string; readonly receipts?: readonly { readonly xml: string }[] }[]
}

interface LeasedItem {
  readonly lease: string
  readonly item: {
    readonly consignment: string
    readonly dispatch: string
    readonly documentId: string
    readonly contentSize: number
  }
}

let load: Load | undefined
process.on('message', (message: { load?: LoadOrder; connections?: number; phase?: PhaseOrder; stop?: true }) => {
  if (message.load) load = new Load(message.load, message.connections ?? 64)
  if (message.phase) void load?.run(message.phase).then((result) => process.send?.({ result }))
  if (message.stop) process.exit(0)
})
