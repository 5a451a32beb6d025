import { setTimeout as sleep } from 'node:timers/promises'
import { sha256, type World } from '../../harness/world.ts'

/** Something that was sent, and who has to get it. */
interface Sent {
  readonly hash: string
  readonly receivers: readonly string[]
}

/** What parties of both sides sent and got, counted where it arrived. */
export interface Traffic {
  /** Sends a document until its axis has answered. */
  send(world: World, system: string, packet: Buffer, receivers: readonly string[]): Promise<void>
  /** Takes whatever comes for these systems, and answers documents with status 01. */
  receive(world: World, systems: readonly string[]): void
  /** How many consignments brought these bytes to that agency. */
  copies(agency: string, packet: Buffer): number
  /** Packets that somebody has not got, or has got more than once, or that nobody sent. */
  faults(): string[]
  missing(): number
  readonly counts: { readonly documents: number; readonly statuses: number; readonly repeats: number }
  stop(): Promise<void>
}

export function openTraffic(): Traffic {
  const sent: Sent[] = []
  /** Consignments by who got which bytes. */
  const got = new Map<string, Set<string>>()
  const counts = { documents: 0, statuses: 0, repeats: 0 }
  const stopping = new AbortController()
  const loops: Promise<void>[] = []
  const keyOf = (agency: string, hash: string): string => `${agency} ${hash.slice(0, 16)}`

  /** Services die meanwhile: whatever fails is done again. */
  async function insist<T>(work: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const done = await work().catch(() => undefined)
      if (done !== undefined) return done
      if (stopping.signal.aborted) throw new Error('stopped')
      await sleep(100)
    }
  }

  async function submit(world: World, system: string, packet: Buffer): Promise<void> {
    await insist(async () => {
      const { status, body } = await world.submit(system, packet)
      if (status >= 400 && status < 500 && status !== 429) throw new Error(JSON.stringify(body))
      return status < 300 || undefined
    })
  }

  // biome-ignore lint/suspicious/noExplicitAny: an answer of the axis
  async function take(world: World, system: string, { lease, item }: any): Promise<void> {
    const path = `/v1/consignments/${item.consignment}/parts/0?lease=${lease}`
    const { bytes } = await world.call(system, 'GET', path)
    const hash = sha256(bytes).toString('hex')
    const key = keyOf(item.agency, hash)
    const consignments = got.get(key) ?? new Set()
    if (consignments.has(item.consignment)) counts.repeats += 1
    const isNew = consignments.size === 0
    got.set(key, consignments.add(item.consignment))
    if (isNew && item.kind === 'document' && world.systems[system]?.agencyCode === item.agency) {
      const about = { agency: item.sender, documentId: item.documentId, code: `${item.number}/${item.notation}` }
      const status = world.status(system, about, '01')
      sent.push({ hash: sha256(status).toString('hex'), receivers: [item.sender] })
      counts.statuses += 1
      await submit(world, system, status)
    }
    await world.call(system, 'POST', '/v1/mailbox/acknowledge', {
      body: { items: [{ consignment: item.consignment, lease }] },
    })
  }

  async function loop(world: World, system: string): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const { status, body } = await world.call(system, 'POST', '/v1/mailbox/lease', {
          body: { max: 50, seconds: 5 },
        })
        const items = status === 200 ? body.items : []
        for (const each of items) await take(world, system, each)
        if (items.length > 0) continue
      } catch {
        // Its gateway was killed; the consignment comes again.
        counts.repeats += 0
      }
      await sleep(100)
    }
  }

  const wrong = (): { missing: string[]; others: string[] } => {
    const wanted = new Set(sent.flatMap(({ hash, receivers }) => receivers.map((agency) => keyOf(agency, hash))))
    return {
      missing: [...wanted].filter((key) => !got.has(key)),
      others: [...got].flatMap(([key, { size }]) => [
        ...(size > 1 ? [`doubled: ${key}, ${size} consignments`] : []),
        ...(wanted.has(key) ? [] : [`nobody sent it there: ${key}`]),
      ]),
    }
  }
  return {
    counts,
    async send(world, system, packet, receivers) {
      sent.push({ hash: sha256(packet).toString('hex'), receivers })
      counts.documents += 1
      await submit(world, system, packet)
    },
    receive(world, systems) {
      for (const system of systems) loops.push(loop(world, system))
    },
    copies: (agency, packet) => got.get(keyOf(agency, sha256(packet).toString('hex')))?.size ?? 0,
    missing: () => wrong().missing.length,
    faults() {
      const { missing, others } = wrong()
      return [...missing.map((key) => `lost: ${key}`), ...others]
    },
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}
