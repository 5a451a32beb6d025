import { connect, type Socket } from 'node:net'
import t from 'tap'
import { buildHttpServer, type HttpServer, readBody, readMultipart } from '../../libs/http/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'

const LIMITS = {
  maxParts: 3,
  maxHeaderBytes: 500,
  maxEnvelopeBytes: 200,
  maxPartBytes: 1_000,
  maxBytes: 10_000,
  idleMs: 300,
}
/** What routes read to the end, and what they were told instead. */
const stored: string[] = []
const failures: string[] = []
const failed = async (count: number): Promise<void> => {
  while (failures.length < count) await new Promise((resolve) => setImmediate(resolve))
}

const server: HttpServer = await buildHttpServer({
  name: 'attack',
  log: createLogger('attack', { level: 'silent' }),
  bodyLimit: 1_000,
  requestTimeoutMs: 1_500,
  headersTimeoutMs: 600,
  maxHeaderBytes: 4_096,
})
server.post('/multi', async (request) => {
  try {
    const ids: string[] = []
    for await (const part of readMultipart(request, LIMITS)) {
      for await (const _chunk of part.stream);
      ids.push(part.contentId)
    }
    stored.push(ids.join())
    return { ids }
  } catch (error) {
    failures.push((error as { code?: string }).code ?? String(error))
    throw error
  }
})
server.post('/raw', async (request) => {
  try {
    for await (const _chunk of readBody(request, { maxBytes: 1_000_000, idleMs: 60_000 }));
    stored.push('raw')
    return {}
  } catch (error) {
    failures.push((error as { code?: string }).code ?? String(error))
    throw error
  }
})
server.post('/refuse', async () => {
  throw new Error('refused before the body was read')
})
server.get('/', async () => ({ fine: true }))
const { port } = new URL(await server.listen({ port: 0, host: '127.0.0.1' }))
t.teardown(() => server.close())
t.beforeEach(() => {
  stored.length = 0
  failures.length = 0
})

// Not `once`: a reset is an error event first, and here only the end matters.
const closing = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()))

/** Writes bytes on a connection and gives back all that came until it was closed. */
async function exchange(bytes: string | Buffer, { end = false } = {}): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => undefined)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (end) socket.end(bytes)
  else socket.write(bytes)
  await closing(socket)
  return Buffer.concat(chunks).toString()
}

const answers = (text: string): string[] => text.match(/HTTP\/1\.1 \d{3}/g) ?? []

t.test('a request whose end could be seen in two places is refused and the connection closed', async (t) => {
  const smuggled = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
  const post = 'POST /raw HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n'
  const cases: Record<string, string> = {
    'both Content-Length and Transfer-Encoding': `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'Transfer-Encoding first': `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
    'two lengths': `${post}Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    'a length with a sign': `${post}Content-Length: +3\r\n\r\nabc${smuggled}`,
    'a length in a list': `${post}Content-Length: 3, 3\r\n\r\nabc${smuggled}`,
    'an unknown coding': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'chunked not last': `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
    'a space before the colon': `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'a folded header': `${post}Transfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\nabc${smuggled}`,
    'a chunk size that is not hexadecimal': `${post}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n${smuggled}`,
    'a NUL in a header': `${post}X-A: a\0b\r\nContent-Length: 0\r\n\r\n${smuggled}`,
    'an HTTP version that does not exist': `GET / HTTP/7.3\r\nHost: x\r\n\r\n${smuggled}`,
    'not HTTP at all': `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${smuggled}`,
  }
  for (const [name, bytes] of Object.entries(cases)) {
    const text = await exchange(bytes)
    t.strictSame(answers(text), ['HTTP/1.1 400'], `${name}: one answer, nothing smuggled`)
    t.match(text, /application\/problem\+json[\s\S]*"code":"LT_HTTP_MALFORMED"/, name)
    t.strictSame(stored, [], name)
  }
  const hostless = await exchange('GET / HTTP/1.1\r\nConnection: close\r\n\r\n')
  t.match(hostless, /400 [\s\S]*"code":"LT_HTTP_MALFORMED"/, 'no Host')
})

t.test('headers: a flood, a giant and a drip are refused', async (t) => {
  const flood = Array.from({ length: 2_000 }, (_, at) => `a${at}: b\r\n`).join('')
  t.match(await exchange(`GET / HTTP/1.1\r\nHost: x\r\n${flood}\r\n`), /431 [\s\S]*LT_HTTP_HEADERS_TOO_LARGE/)
  t.match(
    await exchange(`GET / HTTP/1.1\r\nHost: x\r\nCookie: ${'c'.repeat(5_000)}\r\n\r\n`),
    /431 [\s\S]*LT_HTTP_HEADERS_TOO_LARGE/,
  )
  const begun = performance.now()
  const drip = await exchange('GET / HTTP/1.1\r\nHost: x\r\nX-Slow')
  t.match(drip, /408 [\s\S]*LT_HTTP_TIMEOUT/)
  t.ok(performance.now() - begun < 5_000, 'in time')
})

t.test('a body that stops coming is given up', async (t) => {
  const head =
    'POST /multi HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 500\r\n\r\n'
  t.match(await exchange(`${head}--b\r\n`), /408 [\s\S]*LT_HTTP_TIMEOUT/, 'idle within a body')
  t.strictSame(failures, ['LT_HTTP_TIMEOUT'])
  const raw = 'POST /raw HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: 500\r\n\r\nabc'
  t.match(await exchange(raw), /408 [\s\S]*LT_HTTP_TIMEOUT/, 'the whole request took too long')
  await failed(2)
  t.strictSame(failures, ['LT_HTTP_TIMEOUT', 'LT_HTTP_BODY_INCOMPLETE'])
  t.strictSame(stored, [])
})

t.test('an upload that is cut off is an error, never a short body', async (t) => {
  const xml = 'POST /raw HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n'
  await exchange(`${xml}Content-Length: 500\r\n\r\nabc`, { end: true })
  await exchange(`${xml}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, { end: true })
  const multi =
    'POST /multi HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 500\r\n\r\n'
  await exchange(`${multi}--b\r\nContent-Disposition: form-data; name=envelope\r\n\r\nabc`, { end: true })
  await failed(3)
  t.strictSame(failures, ['LT_HTTP_BODY_INCOMPLETE', 'LT_HTTP_BODY_INCOMPLETE', 'LT_HTTP_BODY_INCOMPLETE'])
  t.strictSame(stored, [])
})

t.test('a refused upload still gets its answer, and cannot go on for ever', async (t) => {
  const head = 'POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n'
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => undefined)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const closed = closing(socket)
  let sent = 0
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')])
  socket.write(head)
  const pump = (): void => {
    while (!socket.destroyed && sent < 200_000_000) {
      sent += chunk.length
      if (!socket.write(chunk)) {
        socket.once('drain', pump)
        return
      }
    }
  }
  pump()
  await closed
  t.match(text, /500 [\s\S]*LT_HTTP_INTERNAL/)
  t.ok(sent < 50_000_000, `cut after ${sent} bytes`)
})

t.test('multipart: what two readers could read in two ways is refused', async (t) => {
  const envelope = '--b\r\nContent-Disposition: form-data; name="envelope"\r\n\r\n<e/>\r\n'
  const part = (header: string, content = 'x'): string => `${envelope}--b\r\n${header}\r\n\r\n${content}\r\n--b--\r\n`
  const disposition = 'Content-Disposition: form-data; name="a"'
  const cases: Record<string, [body: string, code: string, type?: string]> = {
    'no boundary': [`${envelope}--b--`, 'LT_HTTP_MULTIPART_BROKEN', 'multipart/form-data'],
    'an empty boundary': [`${envelope}--b--`, 'LT_HTTP_MULTIPART_BROKEN', 'multipart/form-data; boundary=""'],
    'two boundaries': [`${envelope}--b--`, 'LT_HTTP_MULTIPART_BROKEN', 'multipart/form-data; boundary=b; boundary=c'],
    'a boundary of 71 characters': [
      `${envelope}--b--`,
      'LT_HTTP_MULTIPART_BROKEN',
      `multipart/form-data; boundary=${'b'.repeat(71)}`,
    ],
    'a preamble': [`hello\r\n${envelope}--b--`, 'LT_HTTP_MULTIPART_BROKEN'],
    'an epilogue': [`${envelope}--b--\r\n${envelope}`, 'LT_HTTP_MULTIPART_BROKEN'],
    'no final boundary': [envelope, 'LT_HTTP_MULTIPART_BROKEN'],
    'a final boundary cut in two': [`${envelope}--b-`, 'LT_HTTP_MULTIPART_BROKEN'],
    'only a final boundary': ['--b--\r\n', 'LT_HTTP_MULTIPART_BROKEN'],
    nothing: ['', 'LT_HTTP_MULTIPART_BROKEN'],
    'something after a boundary': [`${envelope}--bc\r\n${disposition}\r\n\r\nx\r\n--b--`, 'LT_HTTP_MULTIPART_BROKEN'],
    'spaces after a boundary': [`${envelope}--b \r\n${disposition}\r\n\r\nx\r\n--b--`, 'LT_HTTP_MULTIPART_BROKEN'],
    'bare line feeds': [envelope.replaceAll('\r\n', '\n'), 'LT_HTTP_MULTIPART_BROKEN'],
    'the envelope second': [`--b\r\n${disposition}\r\n\r\nx\r\n${envelope}--b--`, 'LT_HTTP_MULTIPART_BROKEN'],
    'two envelopes': [`${envelope}${envelope}--b--`, 'LT_HTTP_MULTIPART_BROKEN'],
    'a part without a name': [part('Content-Type: text/plain'), 'LT_HTTP_MULTIPART_BROKEN'],
    'a name that stands twice': [part(`${disposition}; name="b"`), 'LT_HTTP_MULTIPART_BROKEN'],
    'a disposition that stands twice': [part(`${disposition}\r\n${disposition}`), 'LT_HTTP_MULTIPART_BROKEN'],
    'a nested multipart': [
      part(`${disposition}\r\nContent-Type: multipart/mixed; boundary=c`),
      'LT_HTTP_MULTIPART_BROKEN',
    ],
    'a nested message': [part(`${disposition}\r\nContent-Type: message/rfc822`), 'LT_HTTP_MULTIPART_BROKEN'],
    'base64 transfer': [part(`${disposition}\r\nContent-Transfer-Encoding: base64`), 'LT_HTTP_MULTIPART_BROKEN'],
    'quoted-printable transfer': [
      part(`${disposition}\r\nContent-Transfer-Encoding: quoted-printable`),
      'LT_HTTP_MULTIPART_BROKEN',
    ],
    'a compressed part': [part(`${disposition}\r\nContent-Encoding: gzip`), 'LT_HTTP_MULTIPART_BROKEN'],
    'the same Content-ID twice': [
      `${envelope}--b\r\n${disposition}\r\nContent-ID: <x>\r\n\r\n1\r\n--b\r\nContent-ID: <x>\r\n\r\n2\r\n--b--`,
      'LT_HTTP_MULTIPART_BROKEN',
    ],
    'a Content-ID that is the envelope': [part(`${disposition}\r\nContent-ID: <envelope>`), 'LT_HTTP_MULTIPART_BROKEN'],
    'a Content-ID without brackets': [part(`${disposition}\r\nContent-ID: x`), 'LT_HTTP_MULTIPART_BROKEN'],
    'a folded header': [part('Content-Disposition: form-data;\r\n name="a"'), 'LT_HTTP_MULTIPART_BROKEN'],
    'a NUL in a header': [
      part('Content-Disposition: form-data; name="a"; filename="a\0.pdf"'),
      'LT_HTTP_MULTIPART_BROKEN',
    ],
    'a line feed in a header': [
      part('Content-Disposition: form-data; name="a"; filename="a\n.pdf"'),
      'LT_HTTP_MULTIPART_BROKEN',
    ],
    'an open quote': [part('Content-Disposition: form-data; name="a'), 'LT_HTTP_MULTIPART_BROKEN'],
    'a file name that is not UTF-8': [
      part("Content-Disposition: form-data; name=a; filename*=UTF-8''%ff"),
      'LT_HTTP_MULTIPART_BROKEN',
    ],
    'a Content-Type that is none': [part(`${disposition}\r\nContent-Type: pdf`), 'LT_HTTP_MULTIPART_BROKEN'],
    'eleven header fields': [
      part(`${disposition}${Array.from({ length: 10 }, (_, at) => `\r\nX-${at}: 1`).join('')}`),
      'LT_HTTP_MULTIPART_BROKEN',
    ],
    'a long header': [part(`${disposition}\r\nX-Long: ${'x'.repeat(600)}`), 'LT_HTTP_MULTIPART_LIMIT'],
    'a header without end': [`${envelope}--b\r\n${'x'.repeat(5_000)}`, 'LT_HTTP_MULTIPART_LIMIT'],
    'too large an envelope': [`${envelope.replace('<e/>', 'e'.repeat(201))}--b--`, 'LT_HTTP_MULTIPART_LIMIT'],
    'too large a part': [part(disposition, 'x'.repeat(1_001)), 'LT_HTTP_MULTIPART_LIMIT'],
    'too many parts': [
      `${envelope}${['1', '2', '3'].map((id) => `--b\r\nContent-ID: <${id}>\r\n\r\nx\r\n`).join('')}--b--`,
      'LT_HTTP_MULTIPART_LIMIT',
    ],
    'too large a body': [part(disposition, 'x'.repeat(20_000)), 'LT_HTTP_BODY_TOO_LARGE'],
    'another kind of multipart': [
      `${envelope}--b--`,
      'LT_HTTP_UNSUPPORTED_MEDIA_TYPE',
      'multipart/byteranges; boundary=b',
    ],
  }
  for (const [name, [body, code, type = 'multipart/form-data; boundary=b']] of Object.entries(cases)) {
    const response = await fetch(`http://127.0.0.1:${port}/multi`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.from(body, 'utf8'),
    })
    const answer = (await response.json()) as { code: string }
    t.equal(answer.code, code, name)
    t.strictSame(stored, [], name)
  }
  const notUtf8 = Buffer.from(part('Content-Disposition: form-data; name="a"; filename="é"'), 'latin1')
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const response = await fetch(`http://127.0.0.1:${port}/multi`, { method: 'POST', headers, body: notUtf8 })
  t.equal(((await response.json()) as { code: string }).code, 'LT_HTTP_MULTIPART_BROKEN', 'Latin-1 in a header')

  const fine = await fetch(`http://127.0.0.1:${port}/multi`, {
    method: 'POST',
    headers,
    body: part(`${disposition}\r\nContent-Type: text/plain`),
  })
  t.strictSame(await fine.json(), { ids: ['envelope', 'a'] }, 'the same body without the fault is taken')
})
