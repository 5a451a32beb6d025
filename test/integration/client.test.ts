import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import {
  type Beat,
  type Client,
  ClientError,
  createClient,
  type Inbox,
  type InboxOptions,
  keepHeartbeat,
  type OutboxResult,
  openInbox,
  openOutbox,
  openSigner,
  type PacketSigner,
  type Received,
  signReceipt,
  writeSignedPacket,
  writeSignedStatus,
} from '../../libs/client/index.ts'
import { SMALL_PDF, startWorld, type World } from '../harness/world.ts'

const folder = mkdtempSync(join(tmpdir(), 'lt-client-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const world: World = await startWorld(t)

const clients = new Map<string, Client>()
/** The one client of a system, or, with options, a new one. */
function clientOf(system: string, options?: { retryForMs?: number; stallMs?: number; baseUrl?: string }): Client {
  const known = options ? undefined : clients.get(system)
  if (known) return known
  const { clientKeyPem } = world.systems[system] as { clientKeyPem: string }
  const made = createClient({
    baseUrl: world.baseUrl,
    systemCode: system,
    key: clientKeyPem,
    retryForMs: 5_000,
    ...options,
  })
  if (!options) clients.set(system, made)
  return made
}

function signerOf(system: string): PacketSigner {
  const { signer } = world.systems[system] as World['systems'][string]
  return openSigner(signer.privateKeyPem, signer.chain.join('\n'))
}

let numbers = 0
async function documentOf(
  system: string,
  to: readonly string[],
  form: 'inline' | 'detached' = 'inline',
  files = [{ name: 'a.pdf', content: SMALL_PDF }],
): Promise<Awaited<ReturnType<typeof writeSignedPacket>> & { number: string }> {
  const { agencyCode, agencyName } = world.systems[system] as World['systems'][string]
  const number = String(++numbers)
  const signed = await writeSignedPacket({
    form,
    files,
    signer: signerOf(system),
    facts: {
      sender: { code: agencyCode, name: agencyName },
      recipients: to.map((code) => ({ code })),
      documentId: `${agencyCode},2026/11/20,${number}/CV`,
      number,
      notation: 'CV',
      subject: `Văn bản ${number}`,
      promulgationDate: '2026-11-20',
      documentType: { type: '2', detail: '18' },
      signer: { fullName: 'Nguyễn Văn A' },
    },
  })
  return { ...signed, number }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const fresh = (name: string): string => join(folder, `${name}-${randomBytes(4).toString('hex')}`)

/** A server that answers as told, to be met instead of an axis. */
async function stub(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    if (request.url !== '/v1/token') return answer(request, response)
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ access_token: 'x', expires_in: 300, token_type: 'Bearer' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const PROBLEM = {
  actor: 'axis',
  retry: 'later',
  texts: { vi: { title: 'Bận.', advice: 'Thử lại.' }, en: { title: 'Busy.', advice: 'Try again.' } },
}

t.test('every route, from the document to its last receipt', async (t) => {
  const [sender, receiver] = [clientOf('demo-g12'), clientOf('demo-h26')]
  const big = randomBytes(300_000)
  const path = join(folder, 'văn bản (1).bin')
  writeFileSync(path, big)
  const document = await documentOf('demo-g12', ['H26', 'H53'], 'detached', [
    { name: 'một.pdf', content: SMALL_PDF },
    { name: 'văn bản (1).bin', content: path as never },
  ])
  t.match(await sender.check(document), {
    accepted: true,
    signature: { verdict: 'valid', signerIs: 'agency' },
    recipients: [{ agency: 'H26' }, { agency: 'H53' }],
  })
  const answer = await sender.submit(document)
  t.match(answer, {
    repeated: false,
    signature: { verdict: 'valid' },
    recipients: [{ agency: 'H26' }, { agency: 'H53' }],
  })
  const again = await sender.submit(document)
  t.match(again, { repeated: true, dispatch: answer.dispatch })
  t.equal(again.receipt.xml, answer.receipt.xml)

  const waiting = await world.until(async () =>
    (await receiver.mailbox({ kind: 'document' })).items.find(({ dispatch }) => dispatch === answer.dispatch),
  )
  t.match(waiting, { agency: 'H26', number: document.number, form: 'detached', leased: false })
  const [leased, none] = await receiver.lease({ agencies: ['H26'], max: 10 })
  t.equal(none, undefined)
  const { lease = '', item } = leased ?? {}
  t.equal(item?.consignment, waiting.consignment)
  const parts = await receiver.parts(waiting.consignment, lease)
  t.same(
    parts.map(({ role, name }) => [role, name]),
    [
      ['envelope', undefined],
      ['attachment', 'một.pdf'],
      ['attachment', 'văn bản (1).bin'],
    ],
  )
  for (const part of parts) {
    const file = fresh('part')
    await receiver.download({ consignment: waiting.consignment, lease, part, file })
    const sent = part.ordinal === 0 ? document.packet : part.ordinal === 1 ? SMALL_PDF : big
    t.ok(readFileSync(file).equals(sent), `part ${part.ordinal} is what was sent`)
  }
  const wrongPart = { ordinal: 0, size: parts[0]?.size ?? 0, sha256: sha256(Buffer.from('other')) }
  const impatient = clientOf('demo-h26', { retryForMs: 0 })
  await t.rejects(
    impatient.download({ consignment: waiting.consignment, lease, part: wrongPart, file: fresh('part') }),
    { code: 'LT_CLIENT_CONTENT_DAMAGED' },
  )
  await t.rejects(
    receiver.download({
      consignment: waiting.consignment,
      lease,
      part: parts[0] as never,
      file: join(folder, 'no', 'such', 'folder'),
    }),
    { code: 'LT_CLIENT_FOLDER_UNUSABLE' },
  )

  const own = signReceipt('acknowledge', waiting, signerOf('demo-h26'))
  const foreign = signReceipt('acknowledge', waiting, signerOf('demo-g12'))
  t.match(await receiver.acknowledge([{ consignment: waiting.consignment, lease, signature: foreign }]), [
    { ok: false, code: 'LT_BOX_BAD_SIGNATURE' },
  ])
  t.match(await receiver.acknowledge([{ consignment: waiting.consignment, lease, signature: own }]), [
    { ok: true, repeated: false },
  ])
  t.match(await receiver.acknowledge([{ consignment: waiting.consignment, lease, signature: own }]), [
    { ok: true, repeated: true },
  ])

  const other = clientOf('demo-h53')
  const [second] = await world.until(async () => {
    const items = await other.lease({ max: 10 })
    return items.length > 0 && items
  })
  t.match(
    await other.refuse([
      {
        consignment: second?.item.consignment ?? '',
        lease: second?.lease ?? '',
        reason: 'wrong-receiver',
        text: 'Gửi nhầm',
      },
    ]),
    [{ ok: true }],
  )

  const closed = await world.until(async () => {
    const now = await sender.dispatch(answer.dispatch)
    return now.state === 'CLOSED' && now
  })
  t.match(closed.recipients, [
    { agency: 'H26', state: 'ACKNOWLEDGED' },
    { agency: 'H53', state: 'REFUSED', refusal: { reason: 'wrong-receiver', text: 'Gửi nhầm' } },
  ])
  for (const { entry, event } of closed.receipts) {
    t.match((await sender.receipt(answer.dispatch, entry)).toString(), `<Event>${event}</Event>`)
    t.match(await sender.receiptFacts(answer.dispatch, entry), { kind: event, dispatchId: answer.dispatch })
  }
  const refused = closed.recipients[1]?.consignment ?? ''
  const resent = await sender.resend(answer.dispatch, refused)
  t.match(resent, { previous: refused })
  t.same(await sender.resend(answer.dispatch, refused), resent)
  await t.rejects(sender.resend(answer.dispatch, resent.consignment), { code: 'LT_SUB_NOT_ENDED' })
  t.match(await sender.agencies('ha noi'), [{ code: 'H26', reachable: true }])
  t.match(await sender.agency('H26.01'), { code: 'H26.01', reachable: true })
  t.match(
    String(
      await sender.compose(
        {
          kind: 'document',
          sender: { code: 'G12' },
          recipients: [{ code: 'H26' }],
          documentId: 'x',
          number: '1',
          notation: 'CV',
          subject: 's',
        },
        [],
      ),
    ),
    'edXML',
  )
})

t.test('the receipts of a dispatch come in pages; asked for the whole, the client turns them', async (t) => {
  const client = clientOf('demo-g12')
  const { dispatch } = await client.submit(await documentOf('demo-g12', ['H26', 'H53']))
  const whole = await world.until(async () => {
    const answer = await client.dispatch(dispatch)
    return answer.receipts.length === 3 && answer
  })
  t.equal(whole.receiptsAfter, undefined)
  const pages = [await client.receipts(dispatch, { limit: 2 })]
  for (let after = pages[0]?.next; after !== undefined; after = pages.at(-1)?.next)
    pages.push(await client.receipts(dispatch, { limit: 2, after }))
  t.same(
    pages.map(({ items }) => items.length),
    [2, 1],
  )
  t.same(
    pages.flatMap(({ items }) => items),
    whole.receipts,
  )
  t.same(Object.keys(pages[0] ?? {}).sort(), ['items', 'next'], 'nothing else comes again with each page')
  t.same(await client.receipts(dispatch), { items: whole.receipts })
  await t.rejects(client.receipts(dispatch, { after: dispatch }), { code: 'LT_HTTP_INVALID_REQUEST' })
  await t.rejects(clientOf('demo-h26').receipts(dispatch), { code: 'LT_SUB_NOT_FOUND' }, "the sender's alone")

  const asked: string[] = []
  const { url } = await stub((request, response) => {
    asked.push(request.url ?? '')
    const [path, query = ''] = (request.url ?? '').split('?')
    const page = query.includes('after=1') ? { items: [{ entry: '2' }], next: '2' } : { items: [{ entry: '3' }] }
    const first = { dispatch: 'd', receipts: [{ entry: '1' }], receiptsAfter: '1' }
    const answer = path === '/v1/dispatches/d' ? first : page
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  const turning = clientOf('demo-g12', { baseUrl: url })
  t.same(await turning.dispatch('d'), { dispatch: 'd', receipts: [{ entry: '1' }, { entry: '2' }, { entry: '3' }] })
  t.same(asked, [
    '/v1/dispatches/d',
    '/v1/dispatches/d/receipts?limit=2000&after=1',
    '/v1/dispatches/d/receipts?limit=2000&after=2',
  ])
  t.match(await turning.dispatch('d', { allReceipts: false }), { receipts: [{ entry: '1' }], receiptsAfter: '1' })
  t.equal(asked.length, 4)
})

t.test('a refusal carries code, who must act, whether again, and what to do, in both languages', async (t) => {
  const sender = clientOf('demo-g12')
  const error: unknown = await sender.submit({ packet: Buffer.from('<x/>') }).catch((failure: unknown) => failure)
  t.ok(error instanceof ClientError)
  t.match((error as ClientError).fault, {
    code: /^LT_/,
    actor: 'sender',
    texts: { vi: { title: String, advice: String }, en: { title: String, advice: String } },
    traceId: String,
  })
  await t.rejects(sender.dispatch('01900000-0000-7000-8000-000000000000'), {
    code: 'LT_SUB_NOT_FOUND',
    fault: { status: 404 },
  })
  await t.rejects(clientOf('demo-h26').lease({ agencies: ['G12'] }), { code: 'LT_AUTH_FOREIGN_AGENCY' })
  const stranger = createClient({
    baseUrl: world.baseUrl,
    systemCode: 'demo-g12',
    key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  })
  await t.rejects(stranger.mailbox(), { code: 'LT_AUTH_CLIENT_UNKNOWN' })
  const missing = await documentOf('demo-g12', ['H26'], 'detached')
  const attachments = [{ contentId: 'file-1', name: 'a.pdf', content: join(folder, 'nosuch') }]
  await t.rejects(sender.submit({ packet: missing.packet, attachments }), { code: 'LT_CLIENT_FILE_UNREADABLE' })
})

t.test('keys that cannot be used are told before anything is sent', async (t) => {
  const make =
    (key: never): (() => unknown) =>
    () =>
      createClient({ baseUrl: 'http://127.0.0.1:1', systemCode: 'x', key })
  for (const key of [
    'no pem',
    { kty: 'oct', k: 'AAAA' },
    generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
    generateKeyPairSync('ed25519').publicKey,
  ]) {
    t.throws(make(key as never), { code: 'LT_CLIENT_KEY_UNFIT' })
  }
  const { signer } = world.systems['demo-g12'] as World['systems'][string]
  t.throws(
    () =>
      openSigner((world.systems['demo-h26'] as World['systems'][string]).signer.privateKeyPem, signer.certificatePem),
    { code: 'LT_CLIENT_KEY_UNFIT' },
  )
  t.throws(() => openSigner(signer.privateKeyPem, 'none'), { code: 'LT_CLIENT_KEY_UNFIT' })
  for (const pair of [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('ed25519')]) {
    t.ok(
      createClient({
        baseUrl: 'http://127.0.0.1:1',
        systemCode: 'x',
        key: pair.privateKey.export({ format: 'jwk' }) as never,
      }),
    )
  }
})

t.test('one token for many calls, and a new one when the axis no longer takes it', async (t) => {
  let tokens = 0
  let refuse = true
  const axis = await stub((request, response) => {
    const stale = refuse && request.headers.authorization === 'Bearer 1'
    response.statusCode = stale ? 401 : 200
    const problem = { ...PROBLEM, code: 'LT_AUTH_TOKEN_EXPIRED', retry: 'after-fix' }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(stale ? problem : { items: [] }))
  })
  const issuer = createServer((request, response) => {
    if (request.url === '/v1/token')
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ access_token: String(++tokens), expires_in: 300 }))
    else
      void fetch(axis.url + request.url, { headers: { authorization: String(request.headers.authorization) } }).then(
        async (answer) => {
          response.statusCode = answer.status
          response.setHeader('content-type', 'application/json').end(await answer.text())
        },
      )
  })
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    issuer.closeAllConnections()
    issuer.close()
  })
  const client = clientOf('demo-g12', { baseUrl: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}` })
  await Promise.all(Array.from({ length: 20 }, () => client.authorization()))
  t.equal(tokens, 1)
  await client.mailbox()
  t.equal(tokens, 2, 'renewed once after the refusal')
  refuse = false
  await Promise.all([client.mailbox(), client.mailbox()])
  t.equal(tokens, 2)
})

t.test('passing trouble is waited out, with the pause the axis asks for; other trouble is told at once', async (t) => {
  let count = 0
  const at: number[] = []
  const busy = await stub((_request, response) => {
    at.push(performance.now())
    count += 1
    if (count === 1) return void response.socket?.destroy()
    if (count === 2)
      return void response
        .writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1' })
        .end(JSON.stringify({ ...PROBLEM, code: 'LT_STORE_UNAVAILABLE' }))
    if (count === 3) return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>proxy</h1>')
    return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[]}')
  })
  const patient = clientOf('demo-g12', { baseUrl: busy.url, retryForMs: 20_000 })
  t.same(await patient.mailbox(), { items: [] })
  t.equal(count, 4)
  t.ok((at[2] as number) - (at[1] as number) >= 990, 'Retry-After was kept')

  const cases: [string, (response: ServerResponse) => void, string][] = [
    ['not JSON', (r) => r.setHeader('content-type', 'application/json').end('{'), 'LT_CLIENT_ANSWER_UNREADABLE'],
    ['an array', (r) => r.setHeader('content-type', 'application/json').end('[]'), 'LT_CLIENT_ANSWER_UNREADABLE'],
    ['another type', (r) => r.setHeader('content-type', 'text/html').end('<html>'), 'LT_CLIENT_ANSWER_UNREADABLE'],
    [
      'a refusal that is none of ours',
      (r) => r.writeHead(403, { 'content-type': 'text/html' }).end('no'),
      'LT_CLIENT_ANSWER_UNREADABLE',
    ],
    [
      'a code that is no code',
      (r) => r.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ ...PROBLEM, code: '../x' })),
      'LT_CLIENT_ANSWER_UNREADABLE',
    ],
    ['a redirect', (r) => r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), 'LT_CLIENT_UNREACHABLE'],
    ['silence', () => undefined, 'LT_CLIENT_UNREACHABLE'],
    [
      'an answer without end',
      (r) => {
        r.writeHead(200, { 'content-type': 'application/json' })
        let open = true
        r.on('close', () => (open = false))
        const more = (): void => void (open && r.write(Buffer.alloc(1024 * 1024, ' '), (error) => error ?? more()))
        more()
      },
      'LT_CLIENT_ANSWER_UNREADABLE',
    ],
  ]
  for (const [what, answer, code] of cases) {
    const { url } = await stub((_request, response) => answer(response))
    await t.rejects(clientOf('demo-g12', { baseUrl: url, retryForMs: 0, stallMs: 1_000 }).mailbox(), { code }, what)
  }
  const stopping = new AbortController()
  const hanging = await stub(() => stopping.abort(new Error('enough')))
  await t.rejects(
    clientOf('demo-g12', { baseUrl: hanging.url }).submit({ packet: Buffer.from('x') }, { signal: stopping.signal }),
    { message: 'enough' },
  )
})

function inboxOf(
  dir: string,
  received: Received[],
  options: Partial<InboxOptions> = {},
  client = clientOf('demo-h26'),
): Inbox {
  return openInbox(client, {
    dir,
    signerOf: () => signerOf('demo-h26'),
    onReceived: (one) => void received.push(one),
    ...options,
  })
}

async function sendAndWait(
  to: 'H26' | 'H53' = 'H26',
  form: 'inline' | 'detached' = 'inline',
): Promise<{ number: string; dispatch: string; packet: Buffer }> {
  const document = await documentOf('demo-g12', [to], form)
  const { dispatch } = await clientOf('demo-g12').submit(document)
  await world.until(async () => (await clientOf('demo-g12').dispatch(dispatch)).state === 'ROUTED')
  return { number: document.number, dispatch, packet: document.packet }
}

t.test('inbox: stored byte for byte, acknowledged, status 01 with the sender, handed on once', async (t) => {
  const dir = fresh('inbox')
  const received: Received[] = []
  const inbox = inboxOf(dir, received, { ownSignature: true })
  await inbox.receive()
  received.length = 0
  const { number, dispatch, packet } = await sendAndWait()
  const answered = await inbox.receive()
  t.equal(answered.length, 1)
  t.match(received, [{ consignment: { number }, parts: [{ role: 'packet' }, { role: 'attachment', inside: true }] }])
  const { folder: at, parts } = received[0] as Received
  t.ok(readFileSync(join(at, parts[0]?.file ?? '')).equals(packet))
  t.ok(readFileSync(join(at, parts[1]?.file ?? '')).equals(SMALL_PDF), 'what stands inside is there as a file too')
  const seen = await world.until(async () => {
    const [recipient] = (await clientOf('demo-g12').dispatch(dispatch)).recipients
    return recipient?.statuses.some(({ code }) => code === '01') && recipient
  })
  t.match(seen, { state: 'ACKNOWLEDGED' })
  t.same(await inbox.receive(), [])
  t.same(readdirSync(join(dir, 'open')), [])
})

t.test(
  'inbox: after a crash before the acknowledgement the same consignment is one, and goes on from there',
  async (t) => {
    const dir = fresh('inbox')
    const received: Received[] = []
    const { number } = await sendAndWait()
    const real = clientOf('demo-h26')
    const broken: Client = { ...real, acknowledge: () => Promise.reject(new Error('power cut')) }
    const errors: unknown[] = []
    const onError = (error: unknown): void => void errors.push(error)
    await inboxOf(dir, received, { leaseSeconds: 5, onError }, broken).receive()
    t.match(errors, [{ message: 'power cut' }])
    t.equal(received.length, 0, 'nothing is handed on before it is acknowledged')
    const [id = ''] = readdirSync(join(dir, 'open'))

    await inboxOf(dir, received).receive()
    t.match(received, [{ consignment: { number, consignment: id } }])
    t.same(readdirSync(join(dir, 'open')), [])
    await inboxOf(dir, received).receive()
    t.equal(received.length, 1)
  },
)

t.test('inbox: a consignment leased again under a new token is the same one', async (t) => {
  const dir = fresh('inbox')
  const received: Received[] = []
  const { number } = await sendAndWait()
  const real = clientOf('demo-h26')
  const forgetful: Client = {
    ...real,
    acknowledge: async () => [{ consignment: '', ok: false, code: 'LT_BOX_LEASE_LOST' }],
  }
  await inboxOf(dir, received, { leaseSeconds: 5 }, forgetful).receive()
  t.equal(received.length, 0)
  let downloads = 0
  const counting: Client = {
    ...real,
    download: (...args) => {
      downloads++
      return real.download(...args)
    },
  }
  const [leased] = await world.until(async () => {
    const items = await real.lease({ max: 10 })
    return items.length > 0 && items
  })
  await inboxOf(
    dir,
    received,
    {},
    { ...counting, lease: async () => (received.length > 0 ? [] : [leased as never]) },
  ).receive()
  t.match(received, [{ consignment: { number } }])
  t.equal(downloads, 0, 'fetched before')
})

t.test(
  'inbox: a consignment that was out of reach for a while is acknowledged and handed on when it comes back',
  async (t) => {
    const dir = fresh('inbox')
    const received: Received[] = []
    const { number, dispatch } = await sendAndWait()
    const real = clientOf('demo-h26')
    // What the axis says while the agency is with another system.
    const moved: Client = {
      ...real,
      acknowledge: async (items) =>
        items.map(({ consignment }) => ({ consignment, ok: false, code: 'LT_BOX_NOT_FOUND', status: 404 })),
    }
    await inboxOf(dir, received, { leaseSeconds: 5 }, moved).receive()
    t.equal(received.length, 0)
    t.same(readdirSync(join(dir, 'open')), [], 'nothing more to do for now')
    await world.until(async () => {
      await inboxOf(dir, received).receive()
      return received.length > 0
    })
    t.match(received, [{ consignment: { number } }])
    t.match((await clientOf('demo-g12').dispatch(dispatch)).recipients, [{ state: 'ACKNOWLEDGED' }])

    // An axis that came back from a backup may not know of an acknowledgement any more.
    const [id = ''] = readdirSync(join(dir, 'received'))
    const acknowledged: string[] = []
    const item = (received[0] as Received).consignment
    let leases = 0
    const restored: Client = {
      ...real,
      lease: async () => (++leases === 1 ? [{ lease: 'new', leasedUntil: '', item }] : []),
      acknowledge: async (items) => {
        acknowledged.push(...items.map(({ lease }) => lease))
        return items.map(({ consignment }) => ({ consignment, ok: true }))
      },
    }
    await inboxOf(dir, received, {}, restored).receive()
    t.same(acknowledged, ['new'])
    t.equal(received.length, 1, 'and it is handed on once')
    t.equal(id, item.consignment)
  },
)

t.test('inbox: damaged bytes are not acknowledged, a callback that failed is called again', async (t) => {
  const dir = fresh('inbox')
  const received: Received[] = []
  const { number } = await sendAndWait('H26', 'detached')
  const real = clientOf('demo-h26', { retryForMs: 0 })
  const damaging: Client = {
    ...real,
    parts: async (...args) =>
      (await real.parts(...args)).map((part) =>
        part.role === 'attachment' ? { ...part, sha256: '0'.repeat(64) } : part,
      ),
  }
  const errors: { code?: string; message?: string }[] = []
  const onError = (error: unknown): void => void errors.push(error as Error)
  await inboxOf(dir, received, { leaseSeconds: 5, onError }, damaging).receive()
  t.match(errors, [{ code: 'LT_CLIENT_CONTENT_DAMAGED' }])
  t.notOk(existsSync(join(dir, 'received')), 'nothing half-stored is taken for a document')

  let calls = 0
  const failing = {
    onError,
    onReceived: (one: Received): void => {
      if (++calls === 1) throw new Error('application down')
      received.push(one)
    },
  }
  await world.until(async () => {
    await inboxOf(dir, received, failing).receive()
    return calls === 1
  })
  t.equal(received.length, 0)
  await inboxOf(dir, received, failing).receive()
  t.match(received, [{ consignment: { number } }])
})

t.test('inbox.run receives as it comes, also after the gateway was gone', async (t) => {
  const received: Received[] = []
  const stopping = new AbortController()
  const inbox = inboxOf(fresh('inbox'), received, { onError: () => undefined })
  const running = inbox.run(stopping.signal)
  const first = await sendAndWait()
  await world.until(async () => received.some(({ consignment }) => consignment.number === first.number))
  await world.stop('gateway')
  await world.start('gateway')
  const second = await sendAndWait()
  await world.until(async () => received.some(({ consignment }) => consignment.number === second.number), 40_000)
  stopping.abort()
  await running
  t.equal(new Set(received.map(({ consignment }) => consignment.consignment)).size, received.length)
})

t.test('watch tells the sender of new evidence without being asked', async (t) => {
  const stopping = new AbortController()
  const told: string[] = []
  const watching = (async () => {
    for await (const event of clientOf('demo-g12').watch(stopping.signal))
      if (event.kind === 'dispatch') told.push(...event.dispatches)
  })()
  const { dispatch } = await world.until(async () => {
    const sent = await sendAndWait('H53')
    return told.includes(sent.dispatch) || (await world.until(async () => told.includes(sent.dispatch), 5_000))
      ? sent
      : undefined
  })
  t.ok(told.includes(dispatch))
  stopping.abort()
  await watching
})

t.test('outbox: an outage loses nothing; urgent first, then in order; a refusal stands aside', async (t) => {
  const dir = fresh('outbox')
  const client = clientOf('demo-g12', { retryForMs: 0 })
  const results: OutboxResult[] = []
  const delays: string[] = []
  const open = (): ReturnType<typeof openOutbox> =>
    openOutbox(client, {
      dir,
      onResult: (result) => results.push(result),
      onDelay: ({ code }) => void delays.push(code),
    })
  await world.stop('gateway')
  const names: string[] = []
  for (const at of [0, 1])
    names.push(await open().add(await documentOf('demo-g12', ['H26'], at === 0 ? 'detached' : 'inline')))
  const bad = await open().add({ packet: Buffer.from('<x/>') })
  const urgent = await open().add(await documentOf('demo-g12', ['H26']), { urgent: true })
  t.equal(await open().count(), 4)

  const stopping = new AbortController()
  const outbox = open()
  const running = outbox.run(stopping.signal)
  await world.until(async () => delays.length > 0)
  t.same(results, [])
  await world.start('gateway')
  await world.until(async () => results.length === 4, 40_000)
  t.match(delays[0], /^LT_CLIENT_UNREACHABLE$/)
  t.same(
    results.map(({ item, outcome }) => [item, outcome]),
    [
      [urgent, 'sent'],
      [names[0], 'sent'],
      [names[1], 'sent'],
      [bad, 'refused'],
    ],
  )
  const [first, , , last] = results
  t.match(readFileSync(join(first?.folder ?? '', 'receipt.xml'), 'utf8'), '<Evidence')
  t.match(JSON.parse(readFileSync(join(last?.folder ?? '', 'refusal.json'), 'utf8')), {
    code: /^LT_/,
    texts: { vi: { advice: String } },
  })
  await outbox.add(await documentOf('demo-g12', ['H26']))
  await world.until(async () => results.length === 5)
  stopping.abort()
  await running
  t.equal(await outbox.count(), 0)
})

t.test('outbox: what somebody before the axis answers is waited out: it is no refusal of the axis', async (t) => {
  const html = { 'content-type': 'text/html' }
  let status = 0
  const proxy = await stub((request, response) => {
    request.resume()
    response.writeHead(status, html).end('<html>')
  })
  const refused = clientOf('demo-g12', { baseUrl: proxy.url, retryForMs: 0 })
  for (status of [401, 403, 404, 405, 407, 408, 413, 429, 500, 502, 503]) {
    const delayed = new AbortController()
    const waiting = openOutbox(refused, {
      dir: fresh('outbox'),
      onDelay: (error) => {
        // `fetch` itself does not hand on a 407.
        if (status !== 407) t.equal(error.fault.status, status)
        delayed.abort(new Error('later'))
      },
    })
    await waiting.add({ packet: Buffer.from('<x/>') })
    await t.rejects(waiting.flush(delayed.signal), { message: 'later' }, `${status} passes`)
    t.equal(await waiting.count(), 1)
  }
})

t.test('outbox: sent but not noted before a crash is sent again and is still one document', async (t) => {
  const dir = fresh('outbox')
  const client = clientOf('demo-g12')
  const document = await documentOf('demo-g12', ['H53'])
  const outbox = openOutbox(client, { dir })
  await outbox.add(document)
  const cut = openOutbox({ submit: async (submission) => void (await client.submit(submission)) as never }, { dir })
  await t.rejects(cut.flush(), 'the answer never arrived')
  const [result] = await outbox.flush()
  t.match(result, { outcome: 'sent', answer: { repeated: true } })
})

t.test('statuses go out signed and come in at the issuer', async (t) => {
  const { dispatch, number } = await sendAndWait('H26')
  const status = writeSignedStatus({
    sender: { code: 'H26' },
    about: { agency: 'G12', code: `${number}/CV`, documentId: `G12,2026/11/20,${number}/CV` },
    code: '02',
    description: 'Không thuộc thẩm quyền',
    staff: { name: 'Trần B' },
    signer: signerOf('demo-h26'),
  })
  t.match(await clientOf('demo-h26').submit({ packet: status }), { signature: { verdict: 'valid' } })
  const told = await world.until(async () => (await clientOf('demo-g12').dispatch(dispatch)).recipients[0]?.statuses[0])
  t.match(told, { code: '02', reporter: 'H26', description: 'Không thuộc thẩm quyền' })
})

t.test('heartbeat tells whether the axis answers this system', async (t) => {
  const stopping = new AbortController()
  const beats: Beat[] = []
  const client = clientOf('demo-h53', { retryForMs: 0 })
  const beating = keepHeartbeat(client, {
    everyMs: 20,
    signal: stopping.signal,
    onBeat: (beat) => void beats.push(beat),
  })
  await world.until(async () => beats.length >= 2)
  t.match(beats[0], { ok: true, waiting: true })
  await world.stop('gateway')
  await world.until(async () => beats.some(({ ok }) => !ok))
  await world.start('gateway')
  const before = beats.length
  await world.until(async () => beats.slice(before).some(({ ok }) => ok))
  stopping.abort()
  await beating
  t.match(
    beats.find(({ ok }) => !ok),
    { error: { code: 'LT_CLIENT_UNREACHABLE' } },
  )
})
