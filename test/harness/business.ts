import { randomUUID } from 'node:crypto'
import { type PacketDraft, wireTimestamp, writeStatusPacket } from '../../libs/envelope/index.ts'
import type { BusinessAction, StatusCode } from '../../libs/model/index.ts'
import { openPool, type Pool } from '../../libs/store/index.ts'
import { type RoutingOptions, routeDispatches } from '../../services/routing/route-dispatches.ts'
import type { Teardown } from './teardown.ts'
import type { Answer, World } from './world.ts'

/** A document that was sent, as later packets name it. */
export interface SentDocument {
  readonly dispatch: string
  readonly system: string
  readonly agency: string
  readonly documentId: string
  readonly number: string
  readonly notation: string
  readonly consignments: Readonly<Record<string, string>>
}

let numbers = 0

/** A new document of a system's agency, accepted. */
export async function sendDocument(
  world: World,
  system: string,
  recipients: readonly string[],
  overrides: Partial<PacketDraft> = {},
): Promise<SentDocument> {
  const agency = world.systems[system]?.agencyCode ?? ''
  const number = String(++numbers)
  const notation = 'QĐ-LT'
  const documentId = `${agency},2026/11/20,${number}-${randomUUID().slice(0, 8)}/${notation}`
  const own = { documentId, number, notation, ...overrides }
  const answer = await world.submit(system, world.packet(system, recipients, own))
  if (answer.status !== 202) throw new Error(`not accepted: ${JSON.stringify(answer.body)}`)
  const consignments = Object.fromEntries(
    answer.body.recipients.map((each: { agency: string; consignment: string }) => [each.agency, each.consignment]),
  )
  return { dispatch: answer.body.dispatch, system, agency, ...own, consignments }
}

/** What a packet shaped like the vendor's samples says it does to an earlier document. */
export const action = (type: BusinessAction['type'], more: Partial<BusinessAction> = {}): BusinessAction => ({
  type,
  reason: 'Văn bản có sai sót',
  paper: false,
  receivers: [],
  replaces: [],
  ...more,
})

/** A recall as the vendor's sample has it: the same document id and number as the original, the file repeated. */
export function recallPacket(
  world: World,
  document: SentDocument,
  recipients: readonly string[],
  overrides: Partial<PacketDraft> = {},
): Buffer {
  const { documentId, number, notation } = document
  const business = action('recall')
  return world.packet(document.system, recipients, { documentId, number, notation, business, ...overrides })
}

export const recall = (world: World, document: SentDocument, recipients: readonly string[]): Promise<Answer> =>
  world.submit(document.system, recallPacket(world, document, recipients))

/** An update under an id of its own that names the document apart, as the vendor's sample does. */
export function update(
  world: World,
  document: SentDocument,
  recipients: readonly string[],
  changes: Partial<BusinessAction>,
): Promise<Answer> {
  const business = action('update', { targetDocumentId: document.documentId, ...changes })
  return world.submit(document.system, world.packet(document.system, recipients, { business }))
}

export interface ReportOptions {
  readonly at?: Date
  readonly text?: string
  readonly documentId?: string
}

/** A status of one agency about another's document. */
export function report(
  world: World,
  system: string,
  document: SentDocument,
  code: StatusCode,
  { at = new Date(), text = 'thử nghiệm', documentId = document.documentId }: ReportOptions = {},
  to = document.agency,
): Promise<Answer> {
  const own = world.systems[system]
  const packet = writeStatusPacket({
    sender: { code: own?.agencyCode ?? '', name: own?.agencyName ?? '' },
    status: {
      code,
      about: {
        agency: to,
        documentId,
        code: `${document.number}/${document.notation}`,
        promulgationDate: '2026-11-20',
      },
      timestamp: wireTimestamp(at),
      description: text,
    },
  })
  return world.submit(system, world.sign(system, packet))
}

/** What a system has under lease of one dispatch. */
export interface Held {
  readonly consignment: string
  readonly lease: string
}

interface LeasedItem {
  readonly lease: string
  readonly item: { readonly consignment: string; readonly dispatch: string }
}

/** Leases until a consignment of this dispatch is among them; the others are given back at once. */
export async function lease(world: World, system: string, dispatch: string, ms = 10_000): Promise<Held> {
  return world.until(async () => {
    const { body } = await world.call(system, 'POST', '/v1/mailbox/lease', { body: { max: 50, seconds: 60 } })
    const items: LeasedItem[] = body.items
    const held = items.map(({ item, lease: token }) => ({ consignment: item.consignment, lease: token }))
    const at = items.findIndex(({ item }) => item.dispatch === dispatch)
    const others = held.filter((_, place) => place !== at)
    if (others.length > 0) await world.call(system, 'POST', '/v1/mailbox/release', { body: { items: others } })
    return held[at]
  }, ms)
}

export const fetchHeld = (world: World, system: string, { consignment, lease: token }: Held): Promise<Answer> =>
  world.call(system, 'GET', `/v1/consignments/${consignment}/parts/0?lease=${token}`)

export async function acknowledge(
  world: World,
  system: string,
  { consignment, lease: token }: Held,
): Promise<Answer['body']> {
  const { body } = await world.call(system, 'POST', '/v1/mailbox/acknowledge', {
    body: { items: [{ consignment, lease: token }] },
  })
  return body.items[0]
}

/** Leases, fetches and acknowledges what this system has of a dispatch. */
export async function receive(world: World, system: string, dispatch: string): Promise<Held> {
  const held = await lease(world, system, dispatch)
  await fetchHeld(world, system, held)
  await acknowledge(world, system, held)
  return held
}

// Tests look into answers freely; a missing member fails their assertion.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Shown = any

export async function show(world: World, system: string, dispatch: string): Promise<Shown> {
  return (await world.call(system, 'GET', `/v1/dispatches/${dispatch}`)).body
}

/** The row of one recipient, once `ready` says so. */
export async function recipientOf(
  world: World,
  document: SentDocument,
  agency: string,
  ready: (row: Shown) => boolean,
): Promise<Shown> {
  let last: unknown
  try {
    return await world.until(async () => {
      const { recipients } = await show(world, document.system, document.dispatch)
      const row = recipients.findLast((each: { agency: string }) => each.agency === agency)
      last = row
      return row && ready(row) && row
    }, 8_000)
  } catch (error) {
    throw new Error(`it stays ${JSON.stringify(last)}`, { cause: error })
  }
}

/** Waits until routing has done with a dispatch. */
export const routed = (world: World, dispatch: string): Promise<unknown> =>
  world.until(
    async () =>
      (await world.eyes.query(`select from dispatch where id = $1 and state <> 'ACCEPTED'`, [dispatch])).rows.length >
      0,
  )

/** Routing with the rights of its role, where a test decides what is routed when; everything is pulled. */
export function routingOf(pool: Pool): RoutingOptions {
  return {
    pool,
    registry: { receivingSystem: () => undefined },
    consignmentsPerCommit: 100,
    onRouted: () => Promise.resolve(),
    onUnroutable: (_, error) => {
      throw error
    },
  }
}

export async function routeByHand(t: Teardown, world: World, ...dispatches: readonly string[]): Promise<void> {
  const pool = openPool(world.servers.database.url('routing'), { name: 'by hand', max: 2 })
  t.teardown(() => pool.end())
  await routeDispatches(dispatches, routingOf(pool))
}

/** A replacement document: shape of the vendor's sample, the receivers named for each replaced one. */
export const replacement = (
  world: World,
  documents: readonly SentDocument[],
  recipients: readonly string[],
  agencies: readonly string[] = recipients,
): Promise<Answer> => {
  const [first] = documents
  const business = action('replace', { replaces: documents.map(({ documentId }) => ({ documentId, agencies })) })
  return world.submit(first?.system ?? '', world.packet(first?.system ?? '', recipients, { business }))
}
