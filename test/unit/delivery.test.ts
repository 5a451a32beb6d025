import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { BusError } from '../../libs/errors/index.ts'
import { createNetworkRule, type OutgoingOptions, openOutgoing } from '../../libs/http/index.ts'
import { createRoot, issueCertificate } from '../../libs/signature/index.ts'
import { partHeader } from '../../services/delivery/build-push.ts'
import { classifyAnswer, classifyFailure } from '../../services/delivery/classify-answer.ts'
import { loadSigner } from '../../services/delivery/load-signer.ts'
import { planEnd } from '../../services/delivery/plan-end.ts'

const NOW = new Date('2026-11-22T08:00:00Z')

t.test('what an answer means', async (t) => {
  const classify = (status: number, retryAfter?: string) => classifyAnswer({ status, retryAfter, text: '' }, NOW)
  for (const status of [200, 201, 202, 204, 299]) t.same(classify(status), { outcome: 'delivered', status })
  const table: [number, string, string][] = [
    [301, 'transient', 'LT_DLV_REDIRECTED'],
    [304, 'transient', 'LT_DLV_REDIRECTED'],
    [400, 'permanent', 'LT_DLV_REFUSED'],
    [401, 'transient', 'LT_DLV_ENDPOINT_CLOSED'],
    [404, 'transient', 'LT_DLV_ENDPOINT_CLOSED'],
    [408, 'busy', 'LT_DLV_BUSY'],
    [410, 'permanent', 'LT_DLV_REFUSED'],
    [413, 'permanent', 'LT_DLV_REFUSED'],
    [422, 'permanent', 'LT_DLV_REFUSED'],
    [425, 'busy', 'LT_DLV_BUSY'],
    [429, 'busy', 'LT_DLV_BUSY'],
    [500, 'transient', 'LT_DLV_ENDPOINT_FAILED'],
    [503, 'transient', 'LT_DLV_ENDPOINT_FAILED'],
    [101, 'transient', 'LT_DLV_ENDPOINT_FAILED'],
  ]
  for (const [status, outcome, code] of table)
    t.match(classify(status), { outcome, status, fault: { code, params: { status } } }, String(status))
  t.match(classify(503, '7'), { outcome: 'busy', retryAfterMs: 7000 })
  t.match(classify(429, 'Sun, 22 Nov 2026 08:00:09 GMT'), { retryAfterMs: 9000 })
  t.match(classify(429, 'Sun, 22 Nov 2026 07:00:00 GMT'), { retryAfterMs: 0 }, 'a time that is over')
  for (const bad of ['', '-1', '1e9', 'soon', '9'.repeat(30)]) t.equal(classify(429, bad).retryAfterMs, undefined, bad)
  t.equal(
    classifyAnswer({ status: 200, retryAfter: undefined, text: 'a\u0000\r\nb\ud800' }, NOW).said,
    'a b',
    'what a database and a log can hold',
  )

  t.match(classifyFailure(new BusError('LT_DLV_NO_ANSWER', { reason: 'x' })), { outcome: 'ambiguous' })
  t.match(classifyFailure(new BusError('LT_DLV_INTERRUPTED')), { outcome: 'ambiguous' })
  t.match(classifyFailure(new BusError('LT_DLV_UNREACHABLE', { reason: 'x' })), {
    outcome: 'transient',
    fault: { code: 'LT_DLV_UNREACHABLE' },
  })
  t.match(classifyFailure(new TypeError('a defect')), { outcome: 'ambiguous', fault: { code: 'LT_DLV_INTERRUPTED' } })
})

t.test('when it is tried again, and when it is over', async (t) => {
  const limits = { retryFirstMs: 1000, retryMaxMs: 60_000, maxAttempts: 10, timeToLiveMs: 3_600_000 }
  const failed = { outcome: 'transient', fault: { code: 'LT_DLV_ENDPOINT_FAILED', params: { status: 500 } } } as const
  const plan = (attempt: number, random: number, verdict: Parameters<typeof planEnd>[0] = failed, ageMs = 0) =>
    planEnd(verdict, { attempt, ageMs }, limits, () => random)
  t.same(plan(1, 0), { state: 'RETRYING', retryMs: 0 }, 'full jitter: from nothing')
  t.same(
    [1, 2, 3, 7, 9].map((attempt) => plan(attempt, 0.5)),
    [500, 1000, 2000, 30_000, 30_000].map((retryMs) => ({ state: 'RETRYING', retryMs })),
  )
  t.same(
    plan(1, 0.5, { outcome: 'busy', retryAfterMs: 5000 }),
    { state: 'RETRYING', retryMs: 5500 },
    'not before what was asked for',
  )
  t.same(
    plan(1, 0, { outcome: 'busy', retryAfterMs: 9e9 }),
    { state: 'RETRYING', retryMs: 60_000 },
    'nobody asks for ever',
  )
  t.same(plan(3, 0, { outcome: 'delivered' }), { state: 'ACKNOWLEDGED' })
  t.same(plan(1, 0, { outcome: 'permanent', fault: { code: 'LT_DLV_REFUSED', params: { status: 410 } } }), {
    state: 'DEAD',
    code: 'LT_DLV_REFUSED',
    params: { status: 410 },
  })
  t.same(plan(10, 0), {
    state: 'DEAD',
    code: 'LT_DLV_ATTEMPTS_EXHAUSTED',
    params: { attempts: 10, last: 'LT_DLV_ENDPOINT_FAILED' },
  })
  t.match(
    plan(2, 0.5, failed, 3_599_500),
    { state: 'DEAD', code: 'LT_DLV_TIME_OVER' },
    'a next attempt would come too late',
  )
  t.match(plan(2, 0.1, failed, 3_599_500), { state: 'RETRYING', retryMs: 200 })
})

t.test('addresses', async (t) => {
  const none = createNetworkRule([])
  const inside = [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
  ]
  const inside6 = [
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    '2001::1',
  ]
  for (const address of [...inside, ...inside6, '', 'localhost', '1.2.3']) t.equal(none.allows(address), false, address)
  for (const address of ['8.8.8.8', '203.113.0.1', '2402:800:6000::1', '::ffff:8.8.8.8'])
    t.equal(none.allows(address), true, address)
  t.equal(none.trusts('8.8.8.8'), false, 'no public network goes without TLS')
  const own = createNetworkRule(['10.20.0.0/16', 'fd12::/32'])
  for (const address of ['10.20.255.1', '::ffff:10.20.0.1', 'fd12::5'])
    t.equal(own.allows(address) && own.trusts(address), true, address)
  for (const address of ['10.21.0.1', '127.0.0.1', 'fd13::5']) t.equal(own.allows(address), false, address)
  for (const bad of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', 'x/8', '10.0.0.0/8/8', ''])
    t.throws(() => createNetworkRule([bad]), { code: 'LT_CONF_INVALID' }, bad)
})

const OPEN: OutgoingOptions = { allowedNetworks: ['127.0.0.0/8'], connectTimeoutMs: 1000, maxAnswerBytes: 100 }

async function serve(t: Test, listener: RequestListener): Promise<{ port: number; connections: () => number }> {
  let connections = 0
  const server = createServer(listener).on('connection', () => {
    connections++
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

async function* bytes(...chunks: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

t.test('outgoing calls', async (t) => {
  const client = openOutgoing(OPEN)
  const shut = openOutgoing({ ...OPEN, allowedNetworks: [] })
  t.teardown(() => Promise.all([client.close(), shut.close()]))
  const request = (url: string, more: object = {}) =>
    ({
      method: 'POST',
      url: new URL(url),
      headers: { 'x-a': 'b' },
      body: bytes('ab', 'c'),
      size: 3,
      timeoutMs: 2000,
      ...more,
    }) as const

  await t.test('this machine and private networks are not called unless an operator says so', async (t) => {
    const { port, connections } = await serve(t, (_, response) => response.end())
    for (const host of ['127.0.0.1', 'localhost']) {
      await t.rejects(shut.send(request(`http://${host}:${port}/`)), { code: 'LT_DLV_NOT_HTTPS' }, `http://${host}`)
      await t.rejects(
        shut.send(request(`https://${host}:${port}/`)),
        { code: 'LT_DLV_ADDRESS_REFUSED' },
        `https://${host}`,
      )
    }
    for (const host of ['[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1'])
      await t.rejects(shut.send(request(`https://${host}:${port}/`)), { code: 'LT_DLV_ADDRESS_REFUSED' }, host)
    t.equal(connections(), 0, 'not one connection')
    t.equal((await client.send(request(`http://127.0.0.1:${port}/`))).status, 200)
    t.equal(
      (await client.send(request(`http://localhost:${port}/`))).status,
      200,
      'by name, where the address is allowed',
    )
  })

  await t.test('answers of every kind are results, bounded', async (t) => {
    const { port } = await serve(t, (request_, response) => {
      request_.resume()
      const path = request_.url
      if (path === '/redirect') response.writeHead(302, { location: '/' }).end('elsewhere')
      else if (path === '/long') response.end('x'.repeat(1_000_000))
      else if (path === '/cut')
        response.writeHead(200, { 'content-length': '50' }).write('half', () => response.destroy())
      else
        response
          .writeHead(429, { 'retry-after': '3' })
          .end(`${request_.headers['content-length']} ${request_.headers['x-a']}`)
    })
    const at = (path: string) => client.send(request(`http://127.0.0.1:${port}${path}`))
    t.same(await at('/'), { status: 429, retryAfter: '3', text: '3 b' })
    t.match(await at('/redirect'), { status: 302 }, 'not followed')
    t.same((await at('/long')).text.length, 100)
    t.match(await at('/cut'), { status: 200, text: 'half' }, 'broken off after the status')
  })

  await t.test('no answer: whether the other side may have it is told apart', async (t) => {
    const { port } = await serve(t, (request_, response) => {
      if (request_.url === '/reset') request_.on('data', () => request_.socket.resetAndDestroy())
      else request_.resume()
      if (request_.url === '/headers')
        response
          .writeHead(200, Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x-${i}`, 'y'.repeat(1000)])))
          .end()
    })
    const at = (path: string, more: object = {}) => client.send(request(`http://127.0.0.1:${port}${path}`, more))
    await t.rejects(at('/silent', { timeoutMs: 150 }), { code: 'LT_DLV_NO_ANSWER', params: { reason: '150 ms' } })
    await t.rejects(at('/reset'), { code: 'LT_DLV_NO_ANSWER' })
    await t.rejects(at('/headers'), { code: 'LT_DLV_NO_ANSWER' }, 'headers without end')
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 100)
    await t.rejects(at('/silent', { signal: stop.signal }), { code: 'LT_DLV_INTERRUPTED' })
    await t.rejects(client.send(request('http://127.0.0.1:1/')), {
      code: 'LT_DLV_UNREACHABLE',
      params: { reason: 'ECONNREFUSED' },
    })
    await t.rejects(client.send(request('https://khong-co.invalid/')), { code: 'LT_DLV_UNREACHABLE' })
    async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
      yield Buffer.from('a')
      throw new BusError('LT_STORE_CONTENT_DAMAGED', { path: 'x' })
    }
    await t.rejects(
      at('/silent', { body: broken() }),
      { code: 'LT_STORE_CONTENT_DAMAGED' },
      'what is wrong with the content stays visible',
    )
    await t.rejects(
      at('/silent', { size: 2 }),
      { code: 'LT_DLV_NO_ANSWER' },
      'more content than announced is never sent as whole',
    )
  })

  await t.test('TLS both ways, where it is configured', async (t) => {
    const root = await createRoot({ commonName: 'root' })
    const server = await issueCertificate(root, { kind: 'tls', commonName: 'receiver', names: ['127.0.0.1'] })
    const own = await issueCertificate(root, { kind: 'tls-client', commonName: 'axis' })
    const options = {
      key: server.privateKeyPem,
      cert: server.certificatePem,
      ca: root.certificatePem,
      requestCert: true,
      rejectUnauthorized: true,
    }
    const endpoint = createSecureServer(options, (request_, response) => {
      request_.resume()
      response.end((request_.socket as import('node:tls').TLSSocket).getPeerCertificate().subject.CN)
    })
    await once(endpoint.listen(0, '127.0.0.1'), 'listening')
    const url = `https://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`
    const known = openOutgoing({
      ...OPEN,
      tls: { ca: root.certificatePem, cert: own.certificatePem, key: own.privateKeyPem },
    })
    t.teardown(async () => {
      await known.close()
      endpoint.closeAllConnections()
      endpoint.close()
    })
    t.match(await known.send(request(url)), { status: 200, text: 'axis' })
    await t.rejects(
      client.send(request(url)),
      { code: 'LT_DLV_UNREACHABLE' },
      'a server nobody vouches for gets nothing',
    )
  })
})

t.test('what a sender wrote cannot leave its header', async (t) => {
  const part = { ordinal: 1, role: 'attachment', size: 3, sha256: Buffer.alloc(32) } as const
  const head = partHeader({
    ...part,
    content_id: 'a>\r\nX-Evil: 1 "ý',
    name: `b"\r\n'*.pdf`,
    media_type: 'text/html\r\nX-Evil: 2',
  })
  t.same(head.split('\r\n'), [
    'Content-Type: application/octet-stream',
    'Content-Length: 3',
    `Content-Digest: sha-256=:${Buffer.alloc(32).toString('base64')}:`,
    'Content-ID: <a%3E%0D%0AX-Evil:%201%20%22%C3%BD>',
    `Content-Disposition: attachment; filename*=UTF-8''b%22%0D%0A%27%2A.pdf`,
  ])
})

t.test('the signing key', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lt-key-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const root = await createRoot({ commonName: 'root' })
  const [good, other, rsa] = await Promise.all([
    issueCertificate(root, { kind: 'axis-delivery', commonName: 'push' }),
    issueCertificate(root, { kind: 'axis-delivery', commonName: 'push' }),
    issueCertificate(root, { kind: 'axis-delivery', commonName: 'push', algorithm: 'rsa' }),
  ])
  const put = (key: string, chain: string): void => {
    writeFileSync(join(folder, 'delivery.key.pem'), key)
    writeFileSync(join(folder, 'delivery.chain.pem'), chain)
  }
  await t.rejects(loadSigner(folder, 'lt-push'), { code: 'LT_CONF_FILE_UNREADABLE' }, 'none')
  for (const [key, chain] of [
    [other.privateKeyPem, good.certificatePem],
    [rsa.privateKeyPem, rsa.certificatePem],
    ['x', good.certificatePem],
  ] as const) {
    put(key, chain)
    await t.rejects(loadSigner(folder, 'lt-push'), { code: 'LT_CONF_FILE_UNREADABLE' })
  }
  put(good.privateKeyPem, good.certificatePem + root.certificatePem)
  const sign = await loadSigner(folder, 'lt-push')
  const fields = sign({ method: 'POST', url: new URL('https://a.example'), headers: { 'content-type': 'x' } }, NOW)
  t.match(
    fields['signature-input'],
    /^lt=\("@method" "@target-uri" "content-type"\);created=1795334400;expires=1795334700;keyid="[0-9a-f]{64}";alg="ecdsa-p256-sha256";tag="lt-push"$/,
  )
})
