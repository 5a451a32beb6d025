import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connectBus } from '../../libs/bus/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import { openQueues } from '../../libs/queue/index.ts'
import { changeSystem } from '../../libs/registry/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { envelopePart, filePart, multipart, signedEnvelope } from '../harness/detached.ts'
import { resumeSystem, suspendSystem } from '../harness/operators.ts'
import type { Hit } from '../harness/push-endpoint.ts'
import { attemptsOf, closed, send, startPushWorld, state } from '../harness/push-world.ts'
import { verifyRequest } from '../harness/verify-push.ts'
import type { World } from '../harness/world.ts'

const digest = (bytes: Buffer): string => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`

t.test('a system that wants to be called gets what was sent, signed, and the sender its receipts', async (t) => {
  const { world, endpoint } = await startPushWorld(t)

  await t.test('an inline packet, byte for byte, after its attempt was committed', async (t) => {
    let begun: unknown
    endpoint.behave('demo-h26', async (hit) => {
      const { rows } = await world.eyes.query(
        `select a.attempt, a.ended_at, c.state, (select count(*)::int from audit_entry e where e.consignment_id = c.id and e.event = 'AttemptBegun') as entries
         from delivery_attempt a join consignment c on c.id = a.consignment_id where c.id = $1`,
        [hit.consignment],
      )
      begun = rows
      return { status: 200, body: 'đã nhận' }
    })
    const { dispatch, consignments, packet } = await send(world, ['H26'])
    const shown = await closed(world, dispatch)
    const id = consignments.H26 as string
    const [hit] = endpoint.of(id) as [Hit]
    t.same(
      begun,
      [{ attempt: 1, ended_at: null, state: 'RETRYING', entries: 1 }],
      'begun and committed when the request arrived',
    )
    t.equal(endpoint.of(id).length, 1)
    t.ok(hit.body.equals(packet), 'byte for byte')
    t.match(hit.headers, {
      'content-type': 'application/edxml+xml',
      'content-length': String(packet.length),
      'content-digest': digest(packet),
      'lt-content-hash': digest(packet),
      'lt-dispatch-id': dispatch,
      'lt-agency': 'H26',
      'lt-kind': 'document',
      'lt-lane': 'normal',
      'lt-attempt': '1',
      'lt-parts': '1',
    })
    const [pem = '', issuing = ''] =
      readFileSync(join(world.servers.keyDir, 'delivery.chain.pem'), 'utf8').match(
        /-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g,
      ) ?? []
    const certificate = new X509Certificate(pem)
    t.ok(certificate.verify(new X509Certificate(issuing).publicKey), 'issued by the authority in the chain')
    t.ok(
      new X509Certificate(issuing).verify(new X509Certificate(world.axis.rootPem).publicKey),
      'below the published root',
    )
    t.match(
      String(hit.headers['signature-input']),
      `keyid="${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}"`,
    )
    for (const name of [
      '@method',
      '@target-uri',
      'content-digest',
      'content-type',
      'lt-consignment-id',
      'lt-content-hash',
    ])
      t.match(String(hit.headers['signature-input']), `"${name}"`, `${name} is signed`)
    t.equal(verifyRequest(hit, certificate), true, 'the signature verifies')
    t.equal(verifyRequest({ ...hit, url: `${hit.url}x` }, certificate), false, 'not for another target')
    t.equal(
      verifyRequest({ ...hit, headers: { ...hit.headers, 'lt-consignment-id': 'x' } }, certificate),
      false,
      'nor another consignment',
    )

    t.match(shown.recipients, [{ agency: 'H26', state: 'ACKNOWLEDGED' }])
    t.match(await attemptsOf(world, id), [
      { attempt: 1, outcome: 'delivered', code: null, http_status: 200, answer: 'đã nhận' },
    ])
    const { rows } = await world.eyes.query(
      'select event from audit_entry e join log_leaf l on l.entry_id = e.id where consignment_id = $1 order by l.index',
      [id],
    )
    t.same(
      rows.map(({ event }) => event),
      ['ConsignmentQueued', 'AttemptBegun', 'AttemptEnded', 'ContentHandover', 'ConsignmentAcceptance'],
    )
    const events: string[] = shown.receipts.map(({ event }: { event: string }) => event)
    t.same(events.toSorted(), ['ConsignmentAcceptance', 'ContentHandover', 'SubmissionAcceptance'])
    for (const { href } of shown.receipts) t.equal((await world.call('demo-g12', 'GET', href)).status, 200)
    endpoint.behave('demo-h26', () => ({ status: 204 }))
    const times: number[] = []
    for (let i = 0; i < 10; i++) {
      const sent = performance.now()
      const { consignments } = await send(world, ['H26'])
      await world.until(async () => endpoint.of(consignments.H26 as string).length > 0)
      times.push((endpoint.of(consignments.H26 as string)[0] as Hit).at - sent)
    }
    times.sort((a, b) => a - b)
    t.comment(
      `FIGURES submitted to pushed, one after the other: p50 ${Math.round(times[5] ?? 0)} ms, max ${Math.round(times[9] ?? 0)} ms`,
    )
  })

  await t.test('a detached packet as parts, each under its own digest', async (t) => {
    const files = [
      {
        contentId: 'tb-1',
        name: 'quyết định (bản ký).pdf',
        mediaType: 'application/pdf',
        bytes: Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n'),
      },
      {
        contentId: 'tb-2',
        name: 'phu-luc.pdf',
        mediaType: 'application/pdf',
        bytes: Buffer.concat([
          Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n'),
          Buffer.alloc(600_000, '% \r\n--'),
          Buffer.from('\ntrailer<</Root 1 0 R>>\n%%EOF\n'),
        ]),
      },
    ]
    const envelope = signedEnvelope(world, 'demo-g12', ['H53'], files)
    const { body, headers } = multipart([envelopePart(envelope), ...files.map(filePart)])
    const answer = await world.call('demo-g12', 'POST', '/v1/dispatches', { body, headers })
    t.equal(answer.status, 202, JSON.stringify(answer.body))
    await closed(world, answer.body.dispatch)
    const [hit] = endpoint.of(answer.body.recipients[0].consignment) as [Hit]
    t.equal(hit.headers['content-digest'], digest(hit.body), 'the digest covers the whole body')
    t.equal(
      hit.headers['lt-content-hash'],
      `sha-256=:${Buffer.from(answer.body.contentHash, 'hex').toString('base64')}:`,
    )
    t.equal(hit.headers['lt-parts'], '3')
    const boundary = /^multipart\/mixed; boundary=(.+)$/.exec(String(hit.headers['content-type']))?.[1] ?? ''
    const parts = readParts(hit.body, boundary)
    t.same(
      parts.map(({ head }) => head),
      [
        [
          'Content-Type: application/edxml+xml',
          `Content-Length: ${envelope.length}`,
          `Content-Digest: ${digest(envelope)}`,
        ],
        ...files.map(({ contentId, bytes }, i) => [
          'Content-Type: application/pdf',
          `Content-Length: ${bytes.length}`,
          `Content-Digest: ${digest(bytes)}`,
          `Content-ID: <${contentId}>`,
          `Content-Disposition: attachment; filename*=UTF-8''${['quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh%20%28b%E1%BA%A3n%20k%C3%BD%29.pdf', 'phu-luc.pdf'][i]}`,
        ]),
      ],
    )
    t.ok(
      parts.every((part, i) => part.bytes.equals([envelope, ...files.map(({ bytes }) => bytes)][i] as Buffer)),
      'byte for byte',
    )
  })
})

t.test('what an endpoint answers decides what happens next', async (t) => {
  const { world, endpoint } = await startPushWorld(t)

  await t.test('500, then 200: the same consignment again', async (t) => {
    endpoint.behave('demo-h26', ({ earlier }) => ({ status: earlier === 0 ? 500 : 200, body: 'x'.repeat(5000) }))
    const { dispatch, consignments } = await send(world, ['H26'])
    await closed(world, dispatch)
    const hits = endpoint.of(consignments.H26 as string)
    t.same(
      hits.map(({ headers }) => headers['lt-attempt']),
      ['1', '2'],
    )
    t.ok(hits[0]?.body.equals((hits[1] as Hit).body))
    const attempts = await attemptsOf(world, consignments.H26 as string)
    t.match(attempts, [
      { outcome: 'transient', code: 'LT_DLV_ENDPOINT_FAILED', http_status: 500 },
      { outcome: 'delivered', http_status: 200 },
    ])
    t.equal(attempts[0]?.answer?.length, 200, 'of a long answer the beginning is kept')
  })

  await t.test('429 with Retry-After: not before', async (t) => {
    endpoint.behave('demo-h26', ({ earlier }) =>
      earlier === 0 ? { status: 429, headers: { 'retry-after': '1' } } : { status: 200 },
    )
    const { dispatch, consignments } = await send(world, ['H26'], true)
    await closed(world, dispatch)
    const [first, second] = endpoint.of(consignments.H26 as string)
    t.ok(
      (second as Hit).at - (first as Hit).at >= 1000,
      `came again after ${(second as Hit).at - (first as Hit).at} ms`,
    )
    t.equal(first?.headers['lt-lane'], 'urgent')
    t.match(await attemptsOf(world, consignments.H26 as string), [
      { outcome: 'busy', code: 'LT_DLV_BUSY' },
      { outcome: 'delivered' },
    ])
  })

  await t.test('410: the end at once, with its receipt', async (t) => {
    endpoint.behave('demo-h26', () => ({ status: 410, body: 'không còn' }))
    const { dispatch, consignments } = await send(world, ['H26', 'H53'])
    const shown = await closed(world, dispatch)
    t.match(shown.recipients, [
      { agency: 'H26', state: 'DEAD', refusal: { reason: 'LT_DLV_REFUSED' } },
      { agency: 'H53', state: 'ACKNOWLEDGED' },
    ])
    t.equal(endpoint.of(consignments.H26 as string).length, 1)
    t.match(await attemptsOf(world, consignments.H26 as string), [
      { outcome: 'permanent', http_status: 410, answer: 'không còn' },
    ])
    const failure = shown.receipts.find(({ event }: { event: string }) => event === 'ContentConsignmentFailure')
    const receipt = await world.call('demo-g12', 'GET', failure.href)
    t.match(receipt.bytes.toString(), 'LT_DLV_REFUSED', 'signed evidence of the failure names its reason')
    const again = await world.call(
      'demo-g12',
      'POST',
      `/v1/dispatches/${dispatch}/consignments/${consignments.H26}/resend`,
    )
    t.equal(again.status, 201, JSON.stringify(again.body))
    endpoint.behave('demo-h26', () => ({ status: 200 }))
    await world.until(async () => (await state(world, again.body.consignment)) === 'ACKNOWLEDGED')
    t.pass('a re-send that the sender asks for is pushed anew')
  })

  await t.test('no answer in time: ambiguous, and again under the same id', async (t) => {
    endpoint.behave('demo-h26', ({ earlier }) => (earlier === 0 ? 'hang' : { status: 200 }))
    const { dispatch, consignments } = await send(world, ['H26'])
    await closed(world, dispatch)
    t.equal(endpoint.of(consignments.H26 as string).length, 2)
    t.match(await attemptsOf(world, consignments.H26 as string), [
      { outcome: 'ambiguous', code: 'LT_DLV_NO_ANSWER' },
      { outcome: 'delivered' },
    ])
  })

  await t.test('a redirect is not followed', async (t) => {
    endpoint.behave('demo-h26', ({ earlier }) =>
      earlier === 0 ? { status: 307, headers: { location: endpoint.url('elsewhere') } } : { status: 200 },
    )
    const { dispatch, consignments } = await send(world, ['H26'])
    await closed(world, dispatch)
    t.match(await attemptsOf(world, consignments.H26 as string), [
      { outcome: 'transient', code: 'LT_DLV_REDIRECTED', http_status: 307 },
      { outcome: 'delivered' },
    ])
    t.equal(endpoint.hits.filter(({ path }) => path === 'elsewhere').length, 0)
  })

  await t.test('attempts are not made for ever', async (t) => {
    endpoint.behave('demo-h26', () => ({ status: 404 }))
    const { dispatch, consignments } = await send(world, ['H26'])
    const shown = await closed(world, dispatch, 30_000)
    t.match(shown.recipients, [{ state: 'DEAD', refusal: { reason: 'LT_DLV_ATTEMPTS_EXHAUSTED' } }])
    const attempts = await attemptsOf(world, consignments.H26 as string)
    t.same(
      attempts.map(({ outcome, code }) => `${outcome} ${code}`),
      Array.from({ length: 6 }, () => 'transient LT_DLV_ENDPOINT_CLOSED'),
    )
    t.equal(endpoint.of(consignments.H26 as string).length, 6)
  })
})

t.test('whom to call is asked of the registry each time', async (t) => {
  const { world, endpoint } = await startPushWorld(t, { environment: { MAX_ATTEMPTS: '300' } })
  const changed = await registryNotice(t, world)

  await t.test('addresses the axis may not call', async (t) => {
    const refused = async (pushUrl: string, code: string): Promise<void> => {
      await changeSystem(world.operator, 'demo-h26', { pushUrl })
      changed()
      const { consignments } = await send(world, ['H26'])
      const [attempt] = await world.until(async () => {
        const found = await attemptsOf(world, consignments.H26 as string)
        return found[0]?.outcome != null && found
      })
      t.match(attempt, { outcome: 'transient', code }, pushUrl)
      await changeSystem(world.operator, 'demo-h26', { pushUrl: endpoint.url('demo-h26') })
      changed()
      await world.until(async () =>
        ['ACKNOWLEDGED', 'DEAD'].includes((await state(world, consignments.H26 as string)) ?? ''),
      )
    }
    endpoint.behave('demo-h26', () => ({ status: 200 }))
    await refused('https://10.255.255.1/push', 'LT_DLV_ADDRESS_REFUSED')
    await refused('https://[::1]/push', 'LT_DLV_ADDRESS_REFUSED')
    await refused('http://93.184.215.14/push', 'LT_DLV_NOT_HTTPS')
    await refused('http://127.0.0.1:1/push', 'LT_DLV_UNREACHABLE')
  })

  await t.test('the same attempt queued many times is made once', async (t) => {
    const queues = await openQueues({
      redisUrl: world.servers.redis.url,
      name: 'test',
      log: createLogger('test', { level: 'silent' }),
    })
    t.teardown(() => queues.close())
    endpoint.behave('demo-h26', async ({ consignment }) => {
      // More of them while the first is under way.
      await queues.addAll(
        'push-demo-h26',
        Array.from({ length: 12 }, (_, i) => ({ id: `${consignment}-1-${i + 50}`, data: { id: consignment } })),
      )
      await new Promise((resolve) => setTimeout(resolve, 150))
      return { status: 200 }
    })
    await world.stop('delivery')
    const { dispatch, consignments } = await send(world, ['H26'])
    await world.until(async () => (await state(world, consignments.H26 as string)) === 'QUEUED')
    const id = consignments.H26 as string
    await queues.addAll(
      'push-demo-h26',
      Array.from({ length: 12 }, (_, i) => ({ id: `${id}-1-${i + 10}`, data: { id } })),
    )
    await world.start('delivery')
    await closed(world, dispatch)
    const numbers = endpoint.of(id).map(({ headers }) => headers['lt-attempt'])
    t.same(numbers, [...new Set(numbers)], 'each attempt is one request')
    t.equal((await attemptsOf(world, id)).length, numbers.length)
    endpoint.behave('demo-h26', () => ({ status: 200 }))
  })

  await t.test('what its sender asked back says so on its way', async (t) => {
    endpoint.behave('demo-h26', () => ({ status: 503 }))
    const { consignments } = await send(world, ['H26'])
    const id = consignments.H26 as string
    await world.until(async () => endpoint.of(id).length > 0)
    await world.eyes.query('update consignment set recall_pending = true where id = $1', [id])
    endpoint.behave('demo-h26', () => ({ status: 200 }))
    await world.until(async () => (await state(world, id)) === 'ACKNOWLEDGED', 30_000)
    const told = endpoint.of(id).map(({ headers }) => headers['lt-recall-pending'])
    t.same([told[0], told.at(-1)], [undefined, '1'])
    t.match(endpoint.of(id).at(-1)?.headers['signature-input'], /"lt-recall-pending"/, 'under the signature')
  })

  await t.test('a suspended system is not called; afterwards it is', async (t) => {
    await suspendSystem(world.operator, 'demo-h53', 'thử nghiệm')
    changed()
    const { dispatch, consignments } = await send(world, ['H26', 'H53'])
    await world.until(async () => (await state(world, consignments.H26 as string)) === 'ACKNOWLEDGED')
    t.equal(await state(world, consignments.H53 as string), 'QUEUED')
    t.equal(endpoint.of(consignments.H53 as string).length, 0)
    await resumeSystem(world.operator, 'demo-h53')
    await closed(world, dispatch, 30_000)
    t.equal(endpoint.of(consignments.H53 as string).length, 1)
  })

  await t.test('a system that turns to fetching finds the rest in its mailbox', async (t) => {
    endpoint.behave('demo-h53', () => ({ status: 503 }))
    const { consignments } = await send(world, ['H53'])
    await world.until(async () => (await attemptsOf(world, consignments.H53 as string)).length > 0)
    await changeSystem(world.operator, 'demo-h53', { delivery: 'pull' })
    const leased = await world.until(async () => {
      const { body } = await world.call('demo-h53', 'POST', '/v1/mailbox/lease', { body: { max: 1 } })
      return body.items.length > 0 && body.items
    })
    t.equal(leased[0].item.consignment, consignments.H53)
    const { rows } = await world.eyes.query(
      `select event from audit_entry where consignment_id = $1 and event in ('REASSIGNED', 'ContentConsignment') order by id`,
      [consignments.H53],
    )
    t.same(rows.map(({ event }) => event).toSorted(), ['ContentConsignment', 'REASSIGNED'])
  })
})

/** Tells the services at once that the registry changed, as operators' tools do, and not when they compare it next. */
async function registryNotice(t: Test, world: World): Promise<() => void> {
  const silent = createLogger('test', { level: 'silent' })
  const bus = await connectBus({
    url: world.servers.nats.url('cli'),
    name: 'test',
    signal: new AbortController().signal,
    log: silent,
  })
  t.teardown(() => bus.close())
  return () => void bus.publish(SUBJECTS.registryChanged)
}

function readParts(body: Buffer, boundary: string): { head: string[]; bytes: Buffer }[] {
  const parts: { head: string[]; bytes: Buffer }[] = []
  let at = 0
  for (;;) {
    const line = body.indexOf('\r\n', at)
    if (body.subarray(at, line).toString() === `--${boundary}--`) return parts
    const end = body.indexOf('\r\n\r\n', line)
    const head = body
      .subarray(line + 2, end)
      .toString()
      .split('\r\n')
    const size = Number(head.find((each) => each.startsWith('Content-Length: '))?.slice(16))
    parts.push({ head, bytes: body.subarray(end + 4, end + 4 + size) })
    at = end + 4 + size + 2
  }
}
