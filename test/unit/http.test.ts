import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { Type } from 'typebox'
import { BusError, type ErrorCode } from '../../libs/errors/index.ts'
import {
  buildHttpServer,
  callerGone,
  createRateLimit,
  type EventStream,
  exportOpenApi,
  type HttpServer,
  type HttpServerOptions,
  languageOf,
  openEventStream,
  problemOf,
  readBody,
  readMultipart,
  registerHealth,
} from '../../libs/http/index.ts'
import { readPartHeader } from '../../libs/http/multipart/part-header.ts'
import { createLogger } from '../../libs/runtime/index.ts'

const lines: string[] = []
const log = createLogger('http-test', { stream: { write: (line: string) => void lines.push(line) } })
const OPTIONS: HttpServerOptions = {
  name: 'test',
  log,
  bodyLimit: 1_000,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  maxHeaderBytes: 8_192,
}
const JSON_TYPE = { 'content-type': 'application/json' }
const LIMITS = {
  maxParts: 4,
  maxHeaderBytes: 1_000,
  maxEnvelopeBytes: 5_000,
  maxPartBytes: 300_000,
  maxBytes: 500_000,
  idleMs: 5_000,
}

async function serve(
  routes: (server: HttpServer) => void,
  options: Partial<HttpServerOptions> = {},
): Promise<{ server: HttpServer; url: string }> {
  const server = await buildHttpServer({ ...OPTIONS, ...options })
  routes(server)
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => server.close())
  return { server, url }
}

async function refusal(
  response: Response,
): Promise<{ code: ErrorCode; status: number; body: ReturnType<typeof problemOf>['body'] }> {
  const body = (await response.json()) as ReturnType<typeof problemOf>['body']
  return { code: body.code as ErrorCode, status: response.status, body }
}

t.test('a problem carries the four facts in both languages and hides the inside of our own faults', async (t) => {
  const { status, headers, body } = problemOf(
    new BusError('LT_HTTP_INVALID_REQUEST', { field: 'body.a', detail: 'must be integer' }),
    'ab'.repeat(16),
    'en',
  )
  t.equal(status, 400)
  t.equal(headers['content-language'], 'en')
  t.match(body, {
    type: 'urn:lienthong:error:LT_HTTP_INVALID_REQUEST',
    title: 'The field body.a of the request is not valid.',
    code: 'LT_HTTP_INVALID_REQUEST',
    detail: 'must be integer',
    actor: 'sender',
    retry: 'after-fix',
    params: { field: 'body.a' },
    traceId: 'ab'.repeat(16),
    texts: { vi: { title: 'Trường body.a của yêu cầu không hợp lệ.' }, en: { title: body.title, advice: body.advice } },
  })
  const fault = problemOf(
    new BusError('LT_STORE_CONTENT_MISSING', { path: '2026-01/secret', detail: 'inside' }),
    'ab'.repeat(16),
    'vi',
  )
  t.equal(fault.status, 503)
  t.notMatch(JSON.stringify(fault.body), /secret|inside/)
  t.strictSame(fault.body.params, {})
  t.equal(fault.body.title, 'Không tìm thấy nội dung … trong kho của trục.')
  t.equal(problemOf(new BusError('LT_STORE_UNAVAILABLE'), '', 'vi').headers['retry-after'], '5')
  t.equal(
    problemOf(new BusError('LT_HTTP_TOO_MANY_REQUESTS', { retryAfterS: 12 }), '', 'vi').headers['retry-after'],
    '12',
  )
  t.equal(problemOf(new BusError('LT_HTTP_NOT_FOUND'), '', 'vi').headers['retry-after'], undefined)
})

t.test('Vietnamese unless the caller prefers English', async (t) => {
  for (const [header, expected] of [
    [undefined, 'vi'],
    ['', 'vi'],
    ['fr', 'vi'],
    ['en', 'en'],
    ['en-GB,en;q=0.9', 'en'],
    ['vi-VN,vi;q=0.9,en;q=0.8', 'vi'],
    ['vi;q=0.3, en;q=0.7', 'en'],
    ['en;q=0', 'vi'],
    ['en;q=nonsense', 'vi'],
  ] as const) {
    t.equal(languageOf(header), expected, String(header))
  }
})

t.test('every refusal of the framework has a stable code', async (t) => {
  const { url } = await serve((server) => {
    const body = Type.Object(
      { a: Type.Integer(), b: Type.Optional(Type.String({ default: 'x' })) },
      { additionalProperties: false },
    )
    const querystring = Type.Object({ n: Type.Optional(Type.Integer()) }, { additionalProperties: false })
    server.post('/v1/things/:id', { schema: { body, querystring } }, async (request) => request.body)
    server.get('/v1/things/:id', async () => ({}))
    server.get('/v1/files/*', async () => ({}))
    server.get('/v1/fault', async () => {
      throw new TypeError('connection string postgres://u:p@host')
    })
  })
  const post = (body: string, headers: Record<string, string> = JSON_TYPE, path = '/v1/things/1') =>
    fetch(url + path, { method: 'POST', headers, body })

  const fine = await post('{"a":1}')
  t.equal(fine.status, 200)
  t.strictSame(await fine.json(), { a: 1 }, 'no default was filled in')
  t.equal(fine.headers.get('cache-control'), 'no-store')
  t.equal(fine.headers.get('x-content-type-options'), 'nosniff')

  const cases: [string, Promise<Response>, ErrorCode, number, string?][] = [
    ['wrong type, not coerced', post('{"a":"1"}'), 'LT_HTTP_INVALID_REQUEST', 400, 'body.a'],
    ['missing field', post('{}'), 'LT_HTTP_INVALID_REQUEST', 400, 'body.a'],
    ['unknown field, not removed', post('{"a":1,"zz":2}'), 'LT_HTTP_INVALID_REQUEST', 400, 'body.zz'],
    [
      'number in a query, not coerced',
      post('{"a":1}', JSON_TYPE, '/v1/things/1?n=1'),
      'LT_HTTP_INVALID_REQUEST',
      400,
      'querystring.n',
    ],
    ['cut JSON', post('{"a":'), 'LT_HTTP_BODY_MALFORMED', 400],
    ['empty JSON', post(''), 'LT_HTTP_BODY_MALFORMED', 400],
    ['prototype pollution', post('{"a":1,"__proto__":{"x":1}}'), 'LT_HTTP_BODY_MALFORMED', 400],
    ['constructor pollution', post('{"a":1,"constructor":{"prototype":{}}}'), 'LT_HTTP_BODY_MALFORMED', 400],
    ['too large', post(`{"a":${'1'.repeat(2_000)}}`), 'LT_HTTP_BODY_TOO_LARGE', 413],
    ['far too large', post('x'.repeat(900_000)), 'LT_HTTP_BODY_TOO_LARGE', 413],
    ['text/plain', post('a', { 'content-type': 'text/plain' }), 'LT_HTTP_UNSUPPORTED_MEDIA_TYPE', 415],
    [
      'compressed',
      post('{"a":1}', { ...JSON_TYPE, 'content-encoding': 'gzip' }),
      'LT_HTTP_UNSUPPORTED_MEDIA_TYPE',
      415,
    ],
    ['unknown address', fetch(`${url}/v1/nothing`), 'LT_HTTP_NOT_FOUND', 404],
    ['wrong method', fetch(`${url}/v1/things/1`, { method: 'DELETE' }), 'LT_HTTP_METHOD_NOT_ALLOWED', 405],
    [
      'wrong method below a wildcard',
      fetch(`${url}/v1/files/a/b`, { method: 'PUT' }),
      'LT_HTTP_METHOD_NOT_ALLOWED',
      405,
    ],
    ['bad percent encoding', fetch(`${url}/v1/things/%zz`), 'LT_HTTP_MALFORMED', 400],
    ['long parameter', fetch(`${url}/v1/things/${'x'.repeat(300)}`), 'LT_HTTP_URI_TOO_LONG', 414],
    ['our own fault', fetch(`${url}/v1/fault`), 'LT_HTTP_INTERNAL', 500],
  ]
  for (const [name, response, code, status, field] of cases) {
    const answer = await response
    t.match(answer.headers.get('content-type'), /^application\/problem\+json/, name)
    const { body } = await refusal(answer)
    t.strictSame([body.code, body.status, answer.status], [code, status, status], name)
    t.match(body.traceId, /^[0-9a-f]{32}$/)
    if (field) t.equal(body.params.field, field, name)
    if (status === 405) t.match(answer.headers.get('allow'), /GET/)
    if (status === 500) t.notMatch(JSON.stringify(body), /postgres/)
  }
  t.match(lines.join(''), /"code":"LT_HTTP_INTERNAL"/, 'a fault of ours is logged')
  t.match(lines.join(''), /"traceId":"[0-9a-f]{32}"/)
})

t.test('the trace of the caller is continued, a broken one is replaced', async (t) => {
  const { url } = await serve((server) => server.get('/id', async (request) => ({ id: request.id })))
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const known = await fetch(`${url}/id`, { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } })
  t.strictSame(await known.json(), { id: trace })
  t.match(known.headers.get('traceparent'), new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`))
  t.notMatch(known.headers.get('traceparent'), /00f067aa0ba902b7/)
  for (const broken of [
    '',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `ff-${trace}-00f067aa0ba902b7-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    'x'.repeat(2_000),
  ]) {
    const answer = await fetch(`${url}/id`, { headers: { traceparent: broken } })
    const { id } = (await answer.json()) as { id: string }
    t.match(id, /^[0-9a-f]{32}$/)
    t.not(id, trace)
  }
})

t.test('a raw body is read as fast as it is consumed, and no further than its limit', async (t) => {
  let seen = 0
  let go: (() => void) | undefined
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  const { url, server } = await serve((server) => {
    server.post('/raw', async (request) => {
      let size = 0
      for await (const chunk of readBody(request, { maxBytes: 3_000_000, idleMs: 5_000 })) {
        size += chunk.length
        seen = size
        if (size === chunk.length) await held
      }
      return { size }
    })
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('POST /raw HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: 3000000\r\n\r\n')
  // Far more than the buffers of both sockets: it can only stay unsent when the server stops reading.
  const rest = Buffer.alloc(3_000_000, 0x20)
  socket.write(rest)
  await once(server.server, 'request').catch(() => undefined)
  while (seen === 0) await new Promise((resolve) => setImmediate(resolve))
  const before = seen
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.equal(seen, before, 'nothing is read while the consumer waits')
  go?.()
  const [answer] = (await once(socket, 'data')) as [Buffer]
  t.match(answer.toString(), /HTTP\/1.1 200[\s\S]*"size":3000000/)
  socket.destroy()

  const xml = { 'content-type': 'application/edxml+xml' }
  const declared = await fetch(`${url}/raw`, { method: 'POST', headers: xml, body: Buffer.alloc(3_000_001) })
  t.equal((await refusal(declared)).code, 'LT_HTTP_BODY_TOO_LARGE')
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue(Buffer.alloc(100_000)),
  })
  const chunked = fetch(`${url}/raw`, { method: 'POST', headers: xml, body: stream, duplex: 'half' } as RequestInit)
  t.equal((await refusal(await chunked)).code, 'LT_HTTP_BODY_TOO_LARGE', 'a body without a length is counted')
})

t.test('multipart: parts in order, whatever the cuts between chunks', async (t) => {
  const parts: { contentId: string; fileName: string | undefined; mediaType: string; text: string }[] = []
  const { url } = await serve((server) => {
    server.post('/multi', async (request) => {
      parts.length = 0
      for await (const { stream, contentId, fileName, mediaType } of readMultipart(request, LIMITS)) {
        const chunks: Buffer[] = []
        for await (const chunk of stream) chunks.push(chunk)
        parts.push({ contentId, fileName, mediaType, text: Buffer.concat(chunks).toString() })
      }
      return { count: parts.length }
    })
  })
  const tricky = 'a\r\n--bound\r\n--boun\r\r\n-\r\n--bounda\r\n'
  const body = Buffer.from(
    [
      '--boundary',
      'Content-Disposition: form-data; name="envelope"; filename="goi tin.xml"',
      'Content-Type: application/edxml+xml; charset=utf-8',
      '',
      '<e/>',
      '--boundary',
      'content-disposition: form-data; name=a1; filename="Công văn \\"số\\" 12.pdf"',
      'Content-ID: <file-1@h26.gov.vn>',
      'Content-Transfer-Encoding: Binary',
      '',
      tricky,
      '--boundary',
      "Content-Disposition: form-data; name=a2; filename=x.pdf; filename*=UTF-8''C%C3%B4ng.pdf",
      '',
      '--boundary',
      'Content-Disposition: form-data; name=empty',
      '',
      '',
      '--boundary--',
      '',
    ].join('\r\n'),
  )
  const expected = [
    { contentId: 'envelope', fileName: 'goi tin.xml', mediaType: 'application/edxml+xml', text: '<e/>' },
    {
      contentId: 'file-1@h26.gov.vn',
      fileName: 'Công văn "số" 12.pdf',
      mediaType: 'application/octet-stream',
      text: tricky,
    },
    { contentId: 'a2', fileName: 'Công.pdf', mediaType: 'application/octet-stream', text: '' },
    { contentId: 'empty', fileName: undefined, mediaType: 'application/octet-stream', text: '' },
  ]
  for (const step of [1, 2, 3, 5, 7, 11, 31, 64, 1_000]) {
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += step) controller.enqueue(body.subarray(at, at + step))
        controller.close()
      },
    })
    const headers = { 'content-type': 'multipart/form-data; boundary="boundary"' }
    const answer = await fetch(`${url}/multi`, { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit)
    t.equal(answer.status, 200)
    t.strictSame(parts, expected, `cut every ${step} bytes`)
  }
  const form = new FormData()
  form.set('envelope', new Blob(['<e/>'], { type: 'application/xml' }), 'e.xml')
  form.set('file', new Blob([Buffer.alloc(250_000, 0x0d)]), 'f.bin')
  t.equal((await fetch(`${url}/multi`, { method: 'POST', body: form })).status, 200, 'the form of an ordinary client')
  t.equal(parts[1]?.text.length, 250_000)
})

t.test('no file name of a part holds control characters', (t) => {
  const nameOf = (name: string): string | undefined =>
    readPartHeader(Buffer.from(`Content-Disposition: form-data; name=a; ${name}`)).fileName
  t.equal(nameOf("filename*=UTF-8''C%C3%B4ng.pdf"), 'Công.pdf')
  for (const name of ['%00', '%0d%0aX:y', '%09', '%C2%85', '%E2%80%A8', '%7f'])
    t.throws(() => nameOf(`filename*=UTF-8''a${name}b`), { code: 'LT_HTTP_MULTIPART_BROKEN' }, name)
  t.throws(() => nameOf('filename="a\tb"'), { code: 'LT_HTTP_MULTIPART_BROKEN' })
  t.end()
})

t.test('an unread part is skipped and still counted', async (t) => {
  const { url } = await serve((server) => {
    server.post('/skip', async (request) => {
      const ids: string[] = []
      for await (const part of readMultipart(request, LIMITS)) ids.push(part.contentId)
      return { ids }
    })
  })
  const form = new FormData()
  form.set('envelope', new Blob(['<e/>']), 'e.xml')
  form.set('a', new Blob([Buffer.alloc(200_000)]), 'a.bin')
  form.set('b', new Blob(['x']), 'b.bin')
  t.strictSame(await (await fetch(`${url}/skip`, { method: 'POST', body: form })).json(), {
    ids: ['envelope', 'a', 'b'],
  })
  form.set('b', new Blob([Buffer.alloc(300_001)]), 'b.bin')
  const over = await refusal(await fetch(`${url}/skip`, { method: 'POST', body: form }))
  t.equal(over.code, 'LT_HTTP_BODY_TOO_LARGE', 'the whole body has its own limit')
  form.set('a', new Blob(['x']), 'a.bin')
  t.equal((await refusal(await fetch(`${url}/skip`, { method: 'POST', body: form }))).code, 'LT_HTTP_MULTIPART_LIMIT')
})

t.test('server-sent events: sent, kept alive, cut when nobody reads, ended when the server stops', async (t) => {
  const streams: EventStream[] = []
  const { url, server } = await serve((server) => {
    server.get('/events', (_request, reply) => {
      streams.push(openEventStream(reply, { heartbeatMs: 20, retryMs: 1_500 }))
      return reply
    })
  })
  const answer = await fetch(`${url}/events`)
  t.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  const until = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) {
      const { done, value } = await reader.read()
      if (done) throw new Error(`ended before ${wanted}: ${text}`)
      text += Buffer.from(value).toString()
    }
  }
  await until('retry: 1500\n\n')
  t.ok(streams[0]?.send('available', '7\nevent: forged', { code: 'H26.01', text: 'a\nb' }))
  await until('event: available\nid: 7 event: forged\ndata: {"code":"H26.01","text":"a\\nb"}\n\n')
  await until(':\n\n')

  const slow = connect(Number(new URL(url).port), '127.0.0.1')
  slow.on('error', () => undefined)
  slow.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(slow, 'data')
  slow.pause()
  const stream = streams[1] as EventStream
  const large = 'x'.repeat(60_000)
  let sent = 0
  while (stream.send('available', String(sent), large)) {
    if (++sent > 1_000) break
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.ok(sent < 1_000, 'the stream was cut')
  await stream.closed
  t.notOk(stream.send('available', 'x', 1))
  slow.destroy()

  const closing = server.close()
  await streams[0]?.closed
  await closing
  t.ok(true, 'an open stream does not keep the server from stopping')
})

/** Asks for `path` and is gone before the handler runs: hooks may wait for others while the line closes. */
async function askAndGo(routes: (server: HttpServer) => void, path: string): Promise<void> {
  let leave = (): void => undefined
  const { url } = await serve((server) => {
    server.addHook('onRequest', async ({ raw }) => {
      leave()
      await once(raw.socket, 'close')
      await new Promise((resolve) => setImmediate(resolve))
    })
    routes(server)
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  leave = () => void socket.destroy()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
}

t.test('server-sent events: a caller who was gone before the stream was opened', { timeout: 5_000 }, async (t) => {
  const stream = await new Promise<EventStream>((resolve) => {
    const routes = (server: HttpServer): void =>
      void server.get('/events', (_request, reply) => {
        resolve(openEventStream(reply, { heartbeatMs: 20, retryMs: 1_500 }))
        return reply
      })
    void askAndGo(routes, '/events')
  })
  await stream.closed
  t.notOk(stream.send('available', '1', 1))
})

t.test(
  'server-sent events: a line that closes while the stream waits behind another answer',
  { timeout: 5_000 },
  async (t) => {
    const streams: EventStream[] = []
    const { url } = await serve((server) => {
      server.get('/first', () => new Promise(() => undefined))
      server.get('/events', (_request, reply) => {
        streams.push(openEventStream(reply, { heartbeatMs: 20, retryMs: 1_500 }))
        return reply
      })
    })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /events HTTP/1.1\r\nHost: x\r\n\r\n')
    while (streams.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    socket.destroy()
    await streams[0]?.closed
    t.notOk(streams[0]?.send('available', '1', 1))
  },
)

t.test('rate limits count per key and say when to come back', async (t) => {
  const { url } = await serve((server) => {
    const limit = createRateLimit(server, {
      name: 'system',
      max: 2,
      windowMs: 60_000,
      keyOf: (request) => String(request.headers['x-system']),
    })
    server.get('/limited', { onRequest: (request) => limit.count(request) }, async () => ({}))
    const failures = createRateLimit(server, { name: 'failures', max: 1, windowMs: 60_000 })
    server.get('/checked', { onRequest: (request) => failures.check(request) }, async () => ({}))
    server.get('/failed', { onRequest: (request) => failures.count(request) }, async () => ({}))
  })
  const get = (system: string) => fetch(`${url}/limited`, { headers: { 'x-system': system } })
  t.equal((await get('a')).status, 200)
  t.equal((await get('a')).status, 200)
  const third = await get('a')
  t.equal(third.status, 429)
  t.ok(Number(third.headers.get('retry-after')) > 50)
  t.equal((await refusal(third)).code, 'LT_HTTP_TOO_MANY_REQUESTS')
  t.equal((await get('b')).status, 200, 'another key has its own count')
  t.equal((await fetch(`${url}/checked`)).status, 200)
  t.equal((await fetch(`${url}/checked`)).status, 200, 'checking does not count')
  t.equal((await fetch(`${url}/failed`)).status, 200)
  t.equal((await fetch(`${url}/checked`)).status, 429)
})

t.test('OpenAPI 3.1: the same routes give the same text', async (t) => {
  const describe = async (reverse: boolean): Promise<string> => {
    const openApi = { title: 'Liên Thông', version: '1', description: 'd' }
    const server = await buildHttpServer({ ...OPTIONS, openApi })
    registerHealth(server, {})
    const routes = ['/v1/a', '/v1/b']
    for (const path of reverse ? routes.reverse() : routes) {
      server.get(
        path,
        { schema: { response: { 200: Type.Object({ x: Type.String({ minLength: 1 }) }) } } },
        async () => ({ x: 'y' }),
      )
    }
    await server.ready()
    const text = exportOpenApi(server)
    await server.close()
    return text
  }
  const text = await describe(false)
  t.equal(text, await describe(true))
  const parsed = JSON.parse(text)
  t.equal(parsed.openapi, '3.1.0')
  t.strictSame(Object.keys(parsed.paths), ['/v1/a', '/v1/b'], 'health is not part of the API')
})

t.test('health tells the truth', async (t) => {
  let broken: Error | undefined
  const { url } = await serve((server) =>
    registerHealth(server, {
      database: async () => {
        if (broken) throw broken
      },
      disk: async () => undefined,
    }),
  )
  t.strictSame(await (await fetch(`${url}/health/live`)).json(), { status: 'live' })
  const good = await fetch(`${url}/health/ready`)
  t.equal(good.status, 200)
  t.strictSame(await good.json(), { status: 'ready', checks: { database: 'ok', disk: 'ok' } })
  broken = new BusError('LT_STORE_UNAVAILABLE')
  let answer = await fetch(`${url}/health/ready`)
  // One round of checks is kept for a second.
  while (answer.status === 200) answer = await fetch(`${url}/health/ready`)
  t.equal(answer.status, 503)
  t.strictSame(await answer.json(), { status: 'not-ready', checks: { database: 'LT_STORE_UNAVAILABLE', disk: 'ok' } })
})

t.test('an overloaded process refuses work but stays alive', async (t) => {
  const { url } = await serve(
    (server) => {
      registerHealth(server, {})
      server.get('/work', async () => ({}))
    },
    { maxEventLoopDelayMs: 20 },
  )
  let answer = await fetch(`${url}/work`)
  for (let turn = 0; answer.status === 200 && turn < 60; turn++) {
    const until = performance.now() + 100
    while (performance.now() < until);
    answer = await fetch(`${url}/work`)
  }
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('retry-after'), '10')
  t.equal((await refusal(answer)).code, 'LT_HTTP_OVERLOADED')
  t.equal((await fetch(`${url}/health/live`)).status, 200)
})

t.test('a connection over which nothing came does not hold up the stop', async (t) => {
  const { url, server } = await serve(() => undefined)
  const sockets = ['', 'GET / HTTP/1.1\r\nHost'].map((text) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => undefined).write(text)
    return socket
  })
  const ended = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const begun = performance.now()
  await server.close()
  await ended
  t.ok(performance.now() - begun < 1000, 'nor does one with half a request')
})

t.test('a stopping server finishes what it has and refuses what comes', async (t) => {
  let entered: (() => void) | undefined
  let leave: (() => void) | undefined
  const inside = new Promise<void>((resolve) => {
    entered = resolve
  })
  const gate = new Promise<void>((resolve) => {
    leave = resolve
  })
  let refusing: (() => void) | undefined
  const stopping = new Promise<void>((resolve) => {
    refusing = resolve
  })
  const { url, server } = await serve((server) => {
    server.addHook('preClose', async () => refusing?.())
    server.get('/slow', async () => {
      entered?.()
      await gate
      return { done: true }
    })
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const ended = once(socket, 'close')
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await inside
  const closing = server.close()
  await stopping
  const second = once(server.server, 'request')
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await second
  leave?.()
  await ended
  await closing
  t.match(text, /200 OK[\s\S]*"done":true[\s\S]*503[\s\S]*LT_HTTP_STOPPING/)
})

t.test('a caller who goes away before the answer is noticed, one who got it is not', async (t) => {
  const signals: AbortSignal[] = []
  let answer = (): void => undefined
  const { url } = await serve((server) => {
    server.get('/slow', async (_request, reply) => {
      signals.push(callerGone(reply))
      await new Promise<void>((resolve) => (answer = resolve))
      return { done: true }
    })
  })
  const leaving = new AbortController()
  const gone = fetch(`${url}/slow`, { signal: leaving.signal }).catch(() => undefined)
  while (signals.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  leaving.abort()
  await gone
  const [first] = signals as [AbortSignal]
  if (!first.aborted) await once(first, 'abort')
  t.equal((first.reason as BusError).code, 'LT_SUB_BUSY')
  answer()

  const staying = fetch(`${url}/slow`)
  while (signals.length === 1) await new Promise((resolve) => setTimeout(resolve, 5))
  answer()
  t.same(await (await staying).json(), { done: true })
  t.notOk(signals[1]?.aborted)
})

t.test('a caller who was gone before the handler ran is noticed at once', { timeout: 5_000 }, async (t) => {
  const signal = await new Promise<AbortSignal>((resolve) => {
    const routes = (server: HttpServer): void =>
      void server.get('/slow', async (_request, reply) => {
        resolve(callerGone(reply))
        return {}
      })
    void askAndGo(routes, '/slow')
  })
  t.ok(signal.aborted)
  t.equal((signal.reason as BusError).code, 'LT_SUB_BUSY')
})
