import { appendFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Client,
  createClient,
  type Outbox,
  type OutboxResult,
  openInbox,
  openOutbox,
  openSigner,
  type PacketSigner,
} from '../../libs/client/index.ts'
import type { DemoSystem } from '../../services/cli/demo/seed.ts'
import type { Random } from '../harness/seeded-random.ts'
import type { CrashWorld } from './crash-world.ts'
import { type Author, type WrittenDocument, writeDocument } from './write-document.ts'

const LOOK_MS = 250
/** So much waits in an outbox that the axis always has something to do, and an end comes soon. */
const AHEAD = 2
/** Outboxes of each sender, side by side: one alone sends one document at a time. */
const OUTBOXES = 3
/** A sender that got no answer for so long gives up and sends the same again, instead of pausing ever longer. */
const GIVE_UP_MS = 2_500

/** An agency's document system with the stores of the SDK: `outbox-<n>/` and `inbox/` under its folder. */
export interface Party {
  readonly system: DemoSystem
  readonly client: Client
  readonly signer: PacketSigner
  readonly dir: string
}

interface Box {
  readonly party: Party
  readonly outbox: Outbox
}

export interface Traffic {
  readonly parties: readonly Party[]
  /** Parts that a pull receiver fetched, by consignment and ordinal: what lies above 1 was repeated. */
  readonly fetches: ReadonlyMap<string, number>
  /** Documents that were accepted until now. */
  readonly sent: number
  /** How often a submission had to be tried again, by what the axis or the line said. */
  readonly delays: ReadonlyMap<string, number>
  /** Names of documents that were asked back, */
  readonly recalled: ReadonlySet<string>
  /** and of those that asked. */
  readonly recalls: ReadonlySet<string>
  /** What went wrong for good on the clients' side: a refusal nobody expected. */
  readonly refused: readonly string[]
  /** Puts one more document into an outbox. */
  sendOne(): Promise<void>
  /** Writes no more documents; resolves when every outbox is empty or `ms` are over, and says which. */
  drain(ms: number): Promise<boolean>
  stop(): Promise<void>
}

/** Who writes to whom: G12 and H26 send and fetch, H53 is called. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  'demo-g12': ['H26', 'H26.01', 'H53', 'H53.01', 'H53.02'],
  'demo-h26': ['G12', 'H53', 'H53.01', 'H53.02'],
}
/** Answers each document with status 01, which travels back as a document does. */
const ANSWERS_WITH_STATUS = 'demo-h26'

/** Asks some of its documents back as soon as they were accepted; no receiver ever answers that. */
const RECALLS = 'demo-g12'
const RECALL_SHARE = 0.08

export interface TrafficOptions {
  readonly random: Random
  /** Nothing is written but by `sendOne`, and no status. */
  readonly quiet?: boolean
  /** Told of each document that is about to be asked back; absent: none is. */
  readonly onRecall?: () => void
}

/** Lets the agencies write to each other through the SDK's durable stores, without end, until drained. */
export function startTraffic(world: CrashWorld, { random, quiet = false, onRecall }: TrafficOptions): Traffic {
  const stopping = new AbortController()
  const { signal } = stopping
  const fetches = new Map<string, number>()
  const refused: string[] = []
  const [recalled, recalls] = [new Set<string>(), new Set<string>()]
  const recalling: Promise<void>[] = []
  const written = new Map<string, WrittenDocument>()
  const delays = new Map<string, number>()
  const parties = world.systems
    .filter(({ systemCode }) => systemCode in READERS)
    .map((system) => openParty(world, system))
  let draining = false
  let numbers = 0
  let sent = 0

  const boxes = parties.flatMap((party) =>
    Array.from({ length: OUTBOXES }, (_, i): Box => {
      const dir = join(party.dir, `outbox-${i + 1}`)
      const onDelay = ({ code }: { readonly code: string }): void => void delays.set(code, (delays.get(code) ?? 0) + 1)
      const onResult = (result: OutboxResult): void => note(box, result)
      const box = { party, outbox: openOutbox(party.client, { dir, onDelay, onResult }) }
      return box
    }),
  )

  function note(box: Box, result: OutboxResult): void {
    const { systemCode } = box.party.system
    const document = written.get(result.item)
    written.delete(result.item)
    if (result.outcome !== 'sent') return void refused.push(`${systemCode}: ${result.outcome} ${result.fault.code}`)
    sent += 1
    if (!onRecall || !document || draining || systemCode !== RECALLS || !random.happens(RECALL_SHARE)) return
    onRecall()
    recalled.add(result.item)
    recalling.push(recall(box, document))
  }

  function authorOf({ system, signer }: Party): Author {
    const { agencyCode, agencyName, systemCode } = system
    return { agencyCode, agencyName, signer, readers: READERS[systemCode] ?? [] }
  }

  async function write({ party, outbox }: Box): Promise<void> {
    const document = await writeDocument(authorOf(party), ++numbers, random)
    written.set(await outbox.add(document.signed, { urgent: document.urgent }), document)
  }

  async function recall({ party, outbox }: Box, document: WrittenDocument): Promise<void> {
    const { signed } = await writeDocument(authorOf(party), ++numbers, random, document)
    // In front of everything else that waits.
    recalls.add(await outbox.add(signed, { urgent: true }))
  }

  async function feed(box: Box): Promise<void> {
    while (!draining && !signal.aborted) {
      if ((await box.outbox.count()) >= AHEAD) await sleep(50)
      else await write(box)
    }
  }

  async function send({ outbox }: Box): Promise<void> {
    while (!signal.aborted) {
      await outbox.flush(AbortSignal.any([signal, AbortSignal.timeout(GIVE_UP_MS)])).catch((error: unknown) => {
        if (!(error instanceof DOMException)) throw error
      })
      await sleep(50)
    }
  }

  async function receive(party: Party): Promise<void> {
    const counted: Client = {
      ...party.client,
      download: async (part, options) => {
        rmSync(part.file, { force: true })
        try {
          await party.client.download(part, options)
        } finally {
          // Opened once the axis answers with content: a refusal hands over nothing.
          const key = `${part.consignment} ${part.part.ordinal}`
          if (existsSync(part.file)) fetches.set(key, (fetches.get(key) ?? 0) + 1)
        }
      },
    }
    const inbox = openInbox(counted, {
      dir: join(party.dir, 'inbox'),
      leaseSeconds: 5,
      ...(party.system.systemCode === ANSWERS_WITH_STATUS && !quiet ? { signerOf: () => party.signer } : {}),
      onReceived: ({ consignment }) => appendFileSync(join(party.dir, 'handled'), `${consignment.consignment}\n`),
      onError: () => undefined, // it comes again
    })
    while (!signal.aborted) {
      // An axis that is away: looked for again.
      const received = await inbox.receive(signal).catch(() => [])
      if (received.length === 0) await sleep(LOOK_MS)
    }
  }

  const feeding = quiet ? [] : boxes.map(feed)
  const running = [...boxes.map(send), ...parties.map(receive)]
  return {
    parties,
    fetches,
    delays,
    refused,
    recalled,
    recalls,
    get sent() {
      return sent
    },
    sendOne: () => write(boxes[0] as Box),
    async drain(ms) {
      draining = true
      await Promise.all([...feeding, ...recalling])
      const end = Date.now() + ms
      for (;;) {
        const waiting = await Promise.all(boxes.map(({ outbox }) => outbox.count()))
        if (waiting.every((count) => count === 0)) return true
        if (Date.now() > end) return false
        await sleep(100)
      }
    },
    async stop() {
      draining = true
      stopping.abort()
      await Promise.allSettled([...feeding, ...running])
    },
  }
}

function openParty(world: CrashWorld, system: DemoSystem): Party {
  const { systemCode, clientKeyPem, signer } = system
  const client = createClient({
    baseUrl: world.baseUrl,
    systemCode,
    key: clientKeyPem,
    stallMs: 5_000,
    retryForMs: 200,
  })
  const dir = join(world.dir, systemCode)
  mkdirSync(dir)
  return { system, client, signer: openSigner(signer.privateKeyPem, signer.chain.join('\n')), dir }
}
