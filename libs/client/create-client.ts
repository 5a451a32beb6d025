import { randomUUID } from 'node:crypto'
import type { EvidenceView } from '../signature/index.ts'
import type * as Answers from './answers.ts'
import { type Content, readContent } from './content-source.ts'
import { type DownloadedPart, downloadPart } from './download-part.ts'
import { type Attachment, multipartBody } from './multipart-body.ts'
import { openTokenSource, type PrivateKeyInput } from './transport/token-source.ts'
import { type Body, type OutgoingRequest, Transport } from './transport/transport.ts'
import { type AxisEvent, watchEvents } from './watch-events.ts'

const LARGEST_PAGE = 2000
/** Dispatches whose receipts are fetched in one request. */
const MOST_AT_ONCE = 500
const MAX_RECEIPT_BYTES = 8 * 1024 * 1024
const MAX_PACKET_BYTES = 64 * 1024 * 1024

export interface ClientOptions {
  /** Address of the axis, without a path. */
  readonly baseUrl: string
  /** Code under which this system is registered; its client id. */
  readonly systemCode: string
  /** Private key whose public half is registered for the system. */
  readonly key: PrivateKeyInput
  readonly kid?: string
  /** Longest time in which nothing moves on a request, in milliseconds; 60,000 unless told. */
  readonly stallMs?: number
  /** How long one call keeps trying while the axis is away or busy, in milliseconds; 60,000 unless told. */
  readonly retryForMs?: number
}

/** A packet with everything inside, or, with `attachments`, the envelope of a detached one. */
export interface Submission {
  readonly packet: Content
  readonly attachments?: readonly Attachment[]
  /** The same for every repetition of one submission; made up unless told. */
  readonly idempotencyKey?: string
  /** Codes to which alone it goes, of those the packet names: for a system that stands for another axis. */
  readonly recipients?: readonly string[]
}

/** Which waiting consignments. */
export interface MailboxQuestion {
  readonly kind?: 'document' | 'status'
}

interface Options {
  readonly signal?: AbortSignal
}

/** The native API, one method per route. Calls repeat themselves over short outages; each throws ClientError. */
export interface Client {
  readonly baseUrl: string
  readonly systemCode: string
  /** The value of an `Authorization` header that is good for a few minutes. */
  authorization(): Promise<string>
  /** Sends a document. Safe to repeat: the same bytes always get the first receipt. */
  submit(submission: Submission, options?: Options): Promise<Answers.SubmissionAnswer>
  /** The verdict a submission would get; nothing is stored or sent. */
  check(submission: Submission, options?: Options): Promise<Answers.CheckAnswer>
  /** Makes an unsigned packet from facts (the JSON form of `compose`) and files. */
  compose(facts: object, attachments?: readonly Attachment[]): Promise<Buffer>
  /** With all its receipts; with the first ones only, in one request, when `allReceipts` is false. */
  dispatch(id: string, options?: { allReceipts?: boolean }): Promise<Answers.DispatchAnswer>
  /** One page of what `receipt` can be asked for. */
  receipts(dispatchId: string, page?: { limit?: number; after?: string }): Promise<Answers.ReceiptPage>
  /** Signed evidence of one event, as XML. */
  receipt(dispatchId: string, entryId: string): Promise<Buffer>
  /** The signed receipts of many dispatches, of all events or these alone; an item for each dispatch. */
  fetchReceipts(dispatchIds: readonly string[], events?: readonly string[]): Promise<readonly Answers.FetchedReceipts[]>
  receiptFacts(dispatchId: string, entryId: string): Promise<EvidenceView>
  /** Sends an ended consignment again, under a new id; asked twice, it answers the same one. */
  resend(
    dispatchId: string,
    consignmentId: string,
  ): Promise<{ readonly consignment: string; readonly previous: string }>
  /** What waits; takes nothing. */
  mailbox(
    question?: MailboxQuestion & { agency?: string; limit?: number; after?: string },
  ): Promise<Answers.MailboxPage>
  /** Takes waiting consignments, urgent first, for `seconds`. */
  lease(
    question?: MailboxQuestion & { agencies?: readonly string[]; max?: number; seconds?: number },
  ): Promise<readonly Answers.LeasedConsignment[]>
  parts(consignment: string, lease: string): Promise<readonly Answers.PartView[]>
  /** Writes one part to a new file, checked against its digest. @throws ClientError LT_CLIENT_CONTENT_DAMAGED, LT_CLIENT_FOLDER_UNUSABLE */
  download(part: DownloadedPart, options?: Options): Promise<void>
  acknowledge(items: readonly Answers.Acknowledgement[]): Promise<readonly Answers.EndedItem[]>
  refuse(items: readonly Answers.Refusal[]): Promise<readonly Answers.EndedItem[]>
  /** Gives leased consignments back at once, for another worker to take. */
  release(
    items: readonly Pick<Answers.Acknowledgement, 'consignment' | 'lease'>[],
  ): Promise<readonly Answers.EndedItem[]>
  /** By words of the name without accents, or by the beginning of a code. */
  agencies(search: string, limit?: number): Promise<readonly Answers.AgencyView[]>
  agency(code: string): Promise<Answers.AgencyView>
  /** Notices as they come, for ever: over the line while it holds, and every 30 s in any case. Ends with the signal. */
  watch(signal: AbortSignal): AsyncGenerator<AxisEvent, void, undefined>
}

/** A client of one axis for one system. Nothing is sent before the first call. @throws ClientError LT_CLIENT_KEY_UNFIT */
export function createClient(options: ClientOptions): Client {
  const { systemCode, key, kid, stallMs = 60_000, retryForMs = 60_000 } = options
  const settings = { baseUrl: options.baseUrl.replace(/\/$/, ''), stallMs, retryForMs }
  const authorise = openTokenSource(new Transport(settings), { systemCode, key, kid })
  const transport = new Transport({ ...settings, authorise })
  const get = <T>(path: string): Promise<T> => transport.json({ method: 'GET', path }) as Promise<T>
  const post = <T>(path: string, value?: object): Promise<T> =>
    transport.json({ method: 'POST', path, ...jsonBody(value) }) as Promise<T>
  const readReceipts: Client['receipts'] = (id, page = {}) =>
    get(`/v1/dispatches/${segment(id)}/receipts${queryOf({ ...page })}`)

  return {
    baseUrl: settings.baseUrl,
    systemCode,
    authorization: () => authorise(false),
    submit: (submission, { signal } = {}) =>
      transport.json({
        ...uploadOf(`/v1/dispatches${queryOf({ recipients: submission.recipients?.join(',') })}`, submission, {
          'idempotency-key': submission.idempotencyKey ?? randomUUID(),
        }),
        signal,
      }) as Promise<Answers.SubmissionAnswer>,
    check: (submission, { signal } = {}) =>
      transport.json({ ...uploadOf('/v1/dispatches/check', submission), signal }) as Promise<Answers.CheckAnswer>,
    compose: (facts, attachments = []) =>
      transport.bytes(partsUpload('/v1/compose', Buffer.from(JSON.stringify(facts)), attachments), MAX_PACKET_BYTES),
    async dispatch(id, { allReceipts = true } = {}) {
      const first = await get<Answers.DispatchAnswer>(`/v1/dispatches/${segment(id)}`)
      if (!allReceipts) return first
      const { receiptsAfter, ...whole } = first
      const receipts = [...whole.receipts]
      for (let after = receiptsAfter; after !== undefined; ) {
        const page = await readReceipts(id, { limit: LARGEST_PAGE, after })
        receipts.push(...page.items)
        after = page.next
      }
      return { ...whole, receipts }
    },
    receipts: readReceipts,
    receipt: (id, entry) =>
      transport.bytes(
        {
          method: 'GET',
          path: `/v1/dispatches/${segment(id)}/receipts/${segment(entry)}`,
          headers: { accept: 'application/xml' },
        },
        MAX_RECEIPT_BYTES,
      ),
    async fetchReceipts(dispatchIds, events) {
      const items: Answers.FetchedReceipts[] = []
      for (let left = dispatchIds; left.length > 0; ) {
        const answer = await post<{ items: Answers.FetchedReceipts[]; later: string[] }>('/v1/receipts/fetch', {
          dispatches: left.slice(0, MOST_AT_ONCE),
          ...(events === undefined ? {} : { events }),
        })
        items.push(...answer.items)
        left = [...answer.later, ...left.slice(MOST_AT_ONCE)]
      }
      return items
    },
    receiptFacts: (id, entry) =>
      transport.json({
        method: 'GET',
        path: `/v1/dispatches/${segment(id)}/receipts/${segment(entry)}`,
        headers: { accept: 'application/json' },
      }) as Promise<EvidenceView>,
    resend: (id, consignment) =>
      transport.json({
        method: 'POST',
        path: `/v1/dispatches/${segment(id)}/consignments/${segment(consignment)}/resend`,
      }) as Promise<{ consignment: string; previous: string }>,
    mailbox: (question = {}) => get(`/v1/mailbox${queryOf({ ...question })}`),
    lease: async (question = {}) =>
      (await post<{ items: readonly Answers.LeasedConsignment[] }>('/v1/mailbox/lease', question)).items,
    parts: async (consignment, lease) =>
      (
        await get<{ parts: readonly Answers.PartView[] }>(
          `/v1/consignments/${segment(consignment)}/parts${queryOf({ lease })}`,
        )
      ).parts,
    download: (part, { signal } = {}) => downloadPart(transport, part, signal),
    acknowledge: async (items) =>
      (await post<{ items: readonly Answers.EndedItem[] }>('/v1/mailbox/acknowledge', { items })).items,
    refuse: async (items) =>
      (await post<{ items: readonly Answers.EndedItem[] }>('/v1/mailbox/refuse', { items })).items,
    release: async (items) =>
      (await post<{ items: readonly Answers.EndedItem[] }>('/v1/mailbox/release', { items })).items,
    agencies: async (search, limit) =>
      (await get<{ items: readonly Answers.AgencyView[] }>(`/v1/agencies${queryOf({ search, limit })}`)).items,
    agency: (code) => get(`/v1/agencies/${segment(code)}`),
    watch: (signal) => watchEvents(transport, signal),
  }
}

function jsonBody(value: object | undefined): Pick<OutgoingRequest, 'headers' | 'body'> {
  if (value === undefined) return {}
  return { headers: { 'content-type': 'application/json' }, body: () => Buffer.from(JSON.stringify(value)) }
}

function uploadOf(
  path: string,
  submission: Submission,
  headers: Readonly<Record<string, string>> = {},
): OutgoingRequest {
  const { packet, attachments } = submission
  if (attachments) return partsUpload(path, packet, attachments, headers)
  const body = (): Body => (packet instanceof Uint8Array ? packet : readContent(packet))
  return { method: 'POST', path, headers: { ...headers, 'content-type': 'application/edxml+xml' }, body }
}

function partsUpload(
  path: string,
  envelope: Content,
  attachments: readonly Attachment[],
  headers: Readonly<Record<string, string>> = {},
): OutgoingRequest {
  const { contentType, body } = multipartBody(envelope, attachments)
  return { method: 'POST', path, headers: { ...headers, 'content-type': contentType }, body }
}

function segment(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
}

function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string | number] => entry[1] !== undefined)
  if (given.length === 0) return ''
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`
}
