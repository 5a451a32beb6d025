import { createHash, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { canonicalText, decodeCut } from '../../libs/envelope/intake/canonical-text.ts'
import type { Cut, ScanResult } from '../../libs/envelope/intake/cut.ts'
import { cutWhole } from '../../libs/envelope/intake/cut-whole.ts'
import { PacketScanner, type ScanOptions } from '../../libs/envelope/intake/packet-scanner.ts'
import { Turns } from '../../libs/envelope/intake/turns.ts'
import { scanWhole, type WholeTreeOptions } from '../../libs/envelope/intake/whole-tree.ts'
import { parseXml } from '../../libs/xml/index.ts'

const sha256 = (...parts: Uint8Array[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function scan(packet: Buffer, options: ScanOptions, step = packet.length): ScanResult {
  const scanner = new PacketScanner(options)
  for (let at = 0; at < packet.length; at += step) scanner.push(packet.subarray(at, at + step))
  return scanner.end()
}

async function* inSteps(bytes: Buffer, step: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function canonical(bytes: Buffer, mode: 'exclusive' | 'inclusive', comments: boolean): Buffer {
  using tree = parseXml(bytes, { hugeText: true, maxBytes: 1 << 30, maxElements: 1_000_000 })
  const chunks: Buffer[] = []
  tree.canonicalize({ mode, comments }, (chunk) => chunks.push(Buffer.from(chunk)))
  return Buffer.concat(chunks)
}

/** Canonical form of the skeleton with every token replaced by its canonical text. */
async function spliced(
  packet: Buffer,
  { skeleton, cuts }: Pick<ScanResult, 'skeleton' | 'cuts'>,
  mode: 'exclusive' | 'inclusive',
  comments: boolean,
  step: number,
): Promise<Buffer> {
  let form = canonical(skeleton, mode, comments)
  for (const cut of cuts) {
    const at = form.indexOf(cut.token)
    const text = await collect(canonicalText(inSteps(packet.subarray(cut.start, cut.end), step)))
    form = Buffer.concat([form.subarray(0, at), text, form.subarray(at + cut.token.length)])
  }
  return form
}

function codeOf(run: () => unknown): unknown {
  try {
    run()
    return 'no error'
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

const wrap = (text: string, end = '\r\n', width = 76): string =>
  text.replace(new RegExp(`.{${width}}`, 'g'), `$&${end}`)
const packetOf = (content: string): Buffer =>
  Buffer.from(`<e xmlns="urn:e"><h>số 1</h><f name="a>b">${content}</f></e>`)

t.test('a long Base64 text is cut, whatever its line ends and the sizes of the chunks', async (t) => {
  for (const end of ['', '\n', '\r\n', '\r', '\r\n\t ', ' \r']) {
    for (const length of [70_000, 70_001, 70_002]) {
      const content = randomBytes(length)
      const packet = packetOf(`\r\n  ${wrap(content.toString('base64'), end)}\r\n`)
      for (const step of [1 << 20, 65_536, 1021, 7]) {
        const result = scan(packet, {}, step)
        const [cut, ...others] = result.cuts as [Cut, ...Cut[]]
        t.equal(others.length, 0)
        t.same(cut.decodedSha256.toString('hex'), sha256(content), `${JSON.stringify(end)} ${length} ${step}`)
        t.match(cut, { decodedSize: length, fault: undefined })
        t.equal(result.skeleton.toString(), packetOf(cut.token).toString())
        t.match(cut.token, /^[A-Za-z0-9]{40}$/)
      }
      const { cuts } = scan(packet, {})
      const { start, end: stop } = cuts[0] as Cut
      const decoded = await collect(decodeCut(inSteps(packet.subarray(start, stop), 1000), 'x'))
      t.ok(decoded.equals(content), 'and decoded again on demand')
    }
  }
})

t.test('memory does not grow with the attachment', (t) => {
  const line = Buffer.from(`${'QUJD'.repeat(19)}\r\n`.repeat(800))
  const scanner = new PacketScanner({ maxBytes: 1 << 30 })
  scanner.push(Buffer.from('<a><b>'))
  const before = process.memoryUsage().rss
  for (let sent = 0; sent < 300_000_000; sent += line.length) scanner.push(line)
  const grown = process.memoryUsage().rss - before
  scanner.push(Buffer.from('</b></a>'))
  const { skeleton, cuts } = scanner.end()
  t.ok((cuts[0]?.decodedSize ?? 0) > 200_000_000)
  t.ok(grown < 64_000_000, `${grown} bytes more for 300 MB`)
  t.ok(skeleton.length < 100)
  t.end()
})

t.test('what is short, plain or elsewhere stays', (t) => {
  const exact = 'A'.repeat(65_536)
  const prose = 'Kính gửi, '.repeat(10_000)
  for (const packet of [
    packetOf(exact),
    packetOf(prose),
    packetOf(' '.repeat(100_000)),
    packetOf(`x</f><f a="${'A'.repeat(100_000)}">`),
    packetOf(`<!--${'A'.repeat(100_000)}-->`),
    packetOf(`<?a ${'A'.repeat(100_000)}?>`),
    packetOf(`<![CDATA[${'A'.repeat(100_000)}]]>`),
    packetOf(`<b/>${'A'.repeat(100_000)}`),
    packetOf(`<b></b>${'A'.repeat(100_000)}`),
    packetOf(`<!--a->b<c>${'A'.repeat(100_000)}</c>-->`),
    packetOf(`<![CDATA[a]>b<c>${'A'.repeat(100_000)}</c>]]>`),
    packetOf(`<?a b?c><d>${'A'.repeat(100_000)}</d>?>`),
    packetOf(`<!-- a > b -- ${'A'.repeat(10)} --><![CDATA[ ]] > <b> ]]>`),
  ]) {
    const { skeleton, cuts } = scan(packet, {}, 999)
    t.same(cuts, [])
    t.ok(skeleton.equals(packet))
  }
  t.equal(scan(packetOf(`${exact}A`), {}).cuts.length, 1, 'one byte more')
  t.equal(scan(packetOf(`<a><!-->${'A'.repeat(70_000)}--></a>`), {}).cuts.length, 0, 'a comment may begin with >')
  t.equal(scan(packetOf(`<a b='"' c="'>"/><b>${exact}A</b>`), {}).cuts.length, 1, 'quotes inside the other kind')
  t.equal(new Set(scan(packetOf(`<b>${exact}A</b><b>${exact}A</b>`), {}).cuts.map((cut) => cut.token)).size, 2)
  t.end()
})

t.test('places of short texts are noted, whatever the sizes of the chunks', (t) => {
  const packet = Buffer.from(
    '<e><a>QUJD</a><b> QUJD\r\nQUI=\n</b><c>QUJ</c><d>QUJD<!-- x --></d><f>QU&#74;D</f><g></g><h>  </h><i>QUJD<j/></i>QUJD</e>',
  )
  for (const step of [1, 2, 7, packet.length]) {
    const texts = scan(packet, {}, step).shortTexts?.map(({ start, end, letters }) => [
      packet.toString('latin1', start, end),
      letters,
    ])
    t.same(texts, [
      ['QUJD', 4],
      [' QUJD\r\nQUI=\n', 8],
    ])
  }
  t.ok(
    (scan(Buffer.from(`<e>${'<a>QUJD</a>'.repeat(20_000)}</e>`), {}).shortTexts?.length ?? 0) <= 4096,
    'a bounded number',
  )
  t.end()
})

t.test('faults of the Base64 are found while streaming', async (t) => {
  const long = 'QUJD'.repeat(100)
  const faults: [string, string | undefined][] = [
    [`${long}QQ==`, undefined],
    [`${long}QUI=`, undefined],
    [`${long}QUI\n=\n`, undefined],
    [`${long}QR==`, 'trailing-bits'],
    [`${long}QUJ=`, 'trailing-bits'],
    [`${long}QQ=`, 'padding'],
    [`${long}QQ===`, 'padding'],
    [`${long}=`, 'padding'],
    [`${long}Q===`, 'padding'],
    [`${long}QQ`, 'length'],
    [`${long}Q`, 'length'],
    [`${long}QUI`, 'length'],
    [`${long}QQ==QUJD`, 'data-after-padding'],
    [`QQ==${long}`, 'data-after-padding'],
    [`${long}QQ==Q${'='.repeat(200)}`, 'data-after-padding'],
  ]
  for (const [text, fault] of faults) {
    const packet = packetOf(text)
    for (const step of [1, 3, 64, packet.length]) {
      const [cut] = scan(packet, { cutOver: 64 }, step).cuts as [Cut]
      t.equal(cut.fault, fault, `…${text.slice(-12)} by ${step}`)
    }
    const reading = collect(decodeCut(inSteps(Buffer.from(text), 5), 'a.pdf'))
    if (fault) await t.rejects(reading, { code: 'LT_ATT_BAD_BASE64', params: { name: 'a.pdf' } })
    else t.same(await reading, Buffer.from(text, 'base64'))
  }
  await t.rejects(collect(decodeCut(inSteps(Buffer.from('QUJD-QUJD'), 5), 'x')), { code: 'LT_ATT_BAD_BASE64' })
})

t.test('what cannot be cut while streaming is named', (t) => {
  const long = 'QUJD'.repeat(50)
  for (const [middle, construct] of [
    ['&#13;', 'reference'],
    ['&amp;', 'reference'],
    ['<![CDATA[QUJD]]>', 'CDATA'],
    ['<!-- x -->', 'comment'],
    ['<?x y?>', 'processing-instruction'],
    ['<b/>', 'child-element'],
    ['é', 'not-Base64'],
    ['-', 'not-Base64'],
    ['\f', 'not-Base64'],
    ['\0', 'not-Base64'],
  ] as const) {
    const packet = packetOf(`${long}${middle}${long}`)
    for (const step of [1, 5, packet.length]) {
      const result = scan(packet, { cutOver: 64 }, step)
      t.equal(result.unusual?.construct, construct)
      t.ok(Math.abs((result.unusual?.offset ?? 0) - packet.indexOf(middle)) <= 9, 'near the place')
      t.same([result.skeleton.length, result.cuts.length, result.size], [0, 0, packet.length])
    }
  }
  const limits = { cutOver: 64, maxSkeletonBytes: 1000 }
  for (const [text, construct] of [
    [`QUJD&#13;\n`.repeat(200), 'reference'],
    [`<![CDATA[${'QUJD'.repeat(300)}]]>`, 'CDATA'],
    [`<!-- x -->${'QUJD'.repeat(300)}`, 'comment'],
  ] as const) {
    for (const step of [1, 100, 10_000]) t.equal(scan(packetOf(text), limits, step).unusual?.construct, construct)
  }
  t.end()
})

t.test('bounds and refusals', (t) => {
  const limits = { cutOver: 64, maxSkeletonBytes: 1000, maxBytes: 10_000, maxCuts: 3 }
  const run = (packet: string | Buffer): unknown => codeOf(() => scan(Buffer.from(packet), limits, 100))
  t.equal(run(`<a>${'QUJD'.repeat(2500)}`), 'LT_ENV_TOO_LARGE')
  t.equal(run('x'.repeat(2000)), 'LT_ENV_JUNK_BEFORE_PROLOG')
  t.equal(run(`<a>${'ệ'.repeat(900)}</a>`), 'LT_ENV_TOO_LARGE')
  t.equal(run(`<a>${'<b/>'.repeat(300)}</a>`), 'LT_ENV_TOO_LARGE')
  t.equal(run(`<a b="${'x'.repeat(1000)}"/>`), 'LT_ENV_TOO_LARGE')
  t.equal(run(`<a>${'<b/>'.repeat(230)}</a><b>${'QUJD'.repeat(1000)}</b>`), 'no error', 'cut texts do not count')
  t.equal(run(`<a>${`<b>${'QUJD'.repeat(20)}</b>`.repeat(3)}</a>`), 'no error')
  t.equal(run(`<a>${`<b>${'QUJD'.repeat(20)}</b>`.repeat(4)}</a>`), 'LT_ENV_TOO_MANY_NODES')
  t.equal(run('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), 'LT_ENV_DTD')
  t.equal(run(Buffer.from('\ufeff<a/>', 'utf16le')), 'LT_ENV_ENCODING')
  t.equal(
    run(`MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n${'QUJD'.repeat(500)}`),
    'LT_ENV_DIALECT_2803',
  )
  for (const malformed of [
    '<a><<b>',
    '< a>',
    '<a><!x>',
    '<a><![CDATX[',
    '<a',
    '<a><!-',
    '',
    '<a></a>x<b>',
    `<a>${'QUJD'.repeat(99)}`,
  ]) {
    t.equal(run(malformed), 'no error', 'left to the parser')
    const { skeleton } = scan(Buffer.from(malformed), limits)
    t.equal(
      codeOf(() => parseXml(skeleton)),
      'LT_ENV_MALFORMED',
    )
  }
  t.end()
})

const base64Text = fc
  .tuple(
    fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 48, maxLength: 200, size: 'max' })),
    fc.constantFrom('', '\n', '\r\n', '\r', ' \t\n'),
    fc.integer({ min: 1, max: 30 }),
  )
  .map(([bytes, end, width]) => wrap(Buffer.from(bytes).toString('base64'), end, width))
const oddText = fc.constantFrom(
  '&#13;',
  '&#xD;\n',
  '&amp;',
  '&lt;x',
  '&#65;',
  'đ',
  '<![CDATA[QUJD\r\nQUJD]]>',
  '<![CDATA[]]]]>',
  '\r\n',
  '>',
  ' ',
)
const inline = fc.oneof(
  { weight: 6, arbitrary: base64Text },
  { weight: 1, arbitrary: oddText },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '<!-- c > -->',
      '<?p q?>',
      '<s/>',
      '<!-->x-->',
      '<!--a->b<c>-->',
      '<![CDATA[a]>b<c>]]>',
      '<?p ?q>"<c>?>',
      '<![CDATA[<a>]]>',
      `<q a='"/>' b=">'"/>`,
    ),
  },
)
const element = fc
  .tuple(fc.constantFrom('f', 'n:f', 'g'), fc.array(inline, { minLength: 0, maxLength: 4 }))
  .map(([name, content]) => `<${name} b='2'  a="1&#9;>">${content.join('')}</${name} >`)
const packets = fc
  .tuple(
    fc.constantFrom('', '\ufeff', '<?xml version="1.0" encoding="utf-8"?>\r\n', '<!-- c -->'),
    fc.array(element, { minLength: 1, maxLength: 6 }),
  )
  .map(([prolog, elements]) => Buffer.from(`${prolog}<r xmlns="urn:a" xmlns:n="urn:n">${elements.join('\r\n')}</r>\n`))

t.test('the law of agreement: skeleton and cut texts give the canonical form of the whole', async (t) => {
  const seen = { cut: 0, unusual: 0, cutWhole: 0 }
  await fc.assert(
    fc.asyncProperty(packets, fc.integer({ min: 1, max: 300 }), async (packet, step) => {
      const result = scan(packet, { cutOver: 64 }, step)
      seen.cut += result.cuts.length
      if (result.unusual) seen.unusual += 1
      const whole = cutWhole(packet, 64)
      seen.cutWhole += whole.cuts.length
      for (const form of result.unusual ? [whole] : [result, whole]) {
        for (const mode of ['exclusive', 'inclusive'] as const) {
          for (const comments of [true, false]) {
            const expected = canonical(packet, mode, comments).toString()
            if ((await spliced(packet, form, mode, comments, step)).toString() !== expected) return false
          }
        }
        for (const cut of form.cuts) {
          if (cut.fault) continue
          const plain = packet.toString('latin1', cut.start, cut.end)
          const decoded = await collect(decodeCut(inSteps(packet.subarray(cut.start, cut.end), step), 'x'))
          if (sha256(decoded) !== cut.decodedSha256.toString('hex') || decoded.length !== cut.decodedSize) return false
          if (/^[A-Za-z0-9+/=\s]*$/.test(plain) && !decoded.equals(Buffer.from(plain, 'base64'))) return false
        }
      }
      return true
    }),
    { numRuns: 600 },
  )
  t.ok(seen.cut > 50 && seen.unusual > 20 && seen.cutWhole > seen.cut, JSON.stringify(seen))
})

t.test('a packet that misleads the scanner is malformed in the skeleton too', (t) => {
  const pieces = fc.constantFrom(
    '<',
    '>',
    '/',
    '"',
    "'",
    '<a>',
    '</a>',
    '<a b="',
    '<!--',
    '-->',
    '->',
    ']>',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    '&',
    '&lt;',
    '=',
    ' ',
    'QUJD'.repeat(30),
  )
  let agreed = 0
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 14 }), fc.integer({ min: 1, max: 40 }), (parts, step) => {
      const packet = Buffer.from(`<a>${parts.join('')}</a>`)
      const { skeleton, unusual } = scan(packet, { cutOver: 64 }, step)
      if (unusual) return
      const whole = codeOf(() => parseXml(packet).dispose())
      const cut = codeOf(() => parseXml(skeleton).dispose())
      if (whole === 'no error') agreed += 1
      if (whole !== cut) throw new Error(`${whole} against ${cut}`)
    }),
    { numRuns: 3000 },
  )
  t.ok(agreed > 30, `${agreed} well-formed`)
  t.end()
})

const unusualPacket = (content: Buffer): Buffer => packetOf(wrap(content.toString('base64'), '&#xD;\n'))

async function whole(packet: Buffer, options: WholeTreeOptions = {}): Promise<ScanResult> {
  const first = scan(packet, { maxSkeletonBytes: 70_000 }, 65_536)
  if (!first.unusual) throw new Error('not unusual')
  return scanWhole(inSteps(packet, 65_536), { size: first.size, unusual: first.unusual }, options)
}

t.test('unusual packets are cut by a child process that has read the whole', async (t) => {
  const contents = [randomBytes(300_000), randomBytes(100_000)] as const
  const [first, second] = contents.map((content) => content.toString('base64')) as [string, string]
  const packet = packetOf(`${wrap(first, '&#13;')}</f><g><!-- c --><![CDATA[ ${second}\r\n]]></g><f>kính gửi &amp;`)
  const result = await whole(packet)
  t.same(
    result.cuts.map((cut) => cut.decodedSha256.toString('hex')),
    [sha256(contents[0])],
    'a comment keeps a text whole',
  )
  t.ok((await spliced(packet, result, 'exclusive', false, 999)).equals(canonical(packet, 'exclusive', false)))

  const two = packetOf(`${wrap(first, '&#13;')}</f><f><![CDATA[ ${second}\r\n]]>`)
  const both = await whole(two)
  t.same(
    both.cuts.map((cut) => cut.decodedSha256.toString('hex')),
    contents.map((content) => sha256(content)),
  )
  t.equal(both.skeleton.toString(), packetOf(`${both.cuts[0]?.token}</f><f>${both.cuts[1]?.token}`).toString())
  for (const [index, cut] of both.cuts.entries()) {
    const decoded = await collect(decodeCut(inSteps(two.subarray(cut.start, cut.end), 65_536), 'x'))
    t.ok(decoded.equals(contents[index] as Buffer))
  }
})

t.test('references with zeros in front, and prefixes nobody declared', async (t) => {
  const content = randomBytes(120_000)
  const text = content.toString('base64')
  const at = text.indexOf('A', 90_000)
  const packet = packetOf(`${text.slice(0, at)}&#x${'0'.repeat(400)}41;${text.slice(at + 1)}`)
  const { cuts } = await whole(packet)
  t.equal(cuts[0]?.decodedSha256.toString('hex'), sha256(content))
  const undeclared = Buffer.from(packet.toString().replace('<h>', '<edXML:h>').replace('</h>', '</edXML:h>'))
  t.equal((await whole(undeclared)).cuts[0]?.decodedSha256.toString('hex'), sha256(content))
  const other = Buffer.from(packet.toString().replace('<h>', '<odd:h>').replace('</h>', '</odd:h>'))
  await t.rejects(whole(other), { code: 'LT_ENV_MALFORMED' })
})

t.test('costly work is bounded, in turn by owner', async (t) => {
  const turns = new Turns({ slots: 1, maxWaiting: 5, maxWaitingOfOne: 3 })
  const order: string[] = []
  const busy = { code: 'LT_SUB_BUSY' }
  const work = (name: string, signal?: AbortSignal): Promise<unknown> =>
    turns.run(name.charAt(0), signal, async () => {
      await setImmediate()
      order.push(name)
      if (name === 'b1') throw new Error(name)
    })
  const abort = new AbortController()
  const all = [work('a1'), work('a2'), work('a3'), work('a4', abort.signal)]
  await t.rejects(work('a5'), busy, 'an owner has so many places')
  const rest = [work('b1'), work('c1')]
  await t.rejects(work('d1'), busy, 'and all together')
  abort.abort(new Error('the client is gone'))
  await t.rejects(all[3] as Promise<unknown>, { message: 'the client is gone' })
  rest.push(work('d2'))
  await t.rejects(rest[0] as Promise<unknown>, { message: 'b1' })
  await Promise.all([...all.slice(0, 3), ...rest.slice(1)])
  t.same(order, ['a1', 'a2', 'b1', 'c1', 'd2', 'a3'])
  await work('e1')
  t.equal(order.at(-1), 'e1', 'the slot came back')
  await t.rejects(work('f1', AbortSignal.abort(new Error('gone'))), { message: 'gone' })
})

t.test('the child process is bounded and its failures are coded', async (t) => {
  const packet = unusualPacket(randomBytes(200_000))
  const refused = { code: 'LT_ENV_UNUSUAL_REFUSED', params: { construct: 'reference' } }
  await t.rejects(whole(packet, { maxBytes: 200_000 }), {
    code: 'LT_ENV_UNUSUAL_TOO_LARGE',
    params: { construct: 'reference', limit: 200_000 },
  })
  await t.rejects(whole(packet, { timeLimit: 20 }), refused, 'out of time')
  await t.rejects(whole(packet, { maxMemory: 50_000_000 }), refused, 'out of memory')
  await t.rejects(whole(packet, { maxSkeletonBytes: 50 }), { code: 'LT_ENV_TOO_LARGE' })
  await t.rejects(whole(packet.subarray(0, -4)), { code: 'LT_ENV_MALFORMED' })
  const reason = new Error('the client is gone')
  const abort = new AbortController()
  const aborted = whole(packet, { signal: abort.signal })
  abort.abort(reason)
  await t.rejects(aborted, reason)
  await t.rejects(whole(packet, { signal: AbortSignal.abort(reason) }), reason)
  const broken = (async function* () {
    yield packet.subarray(0, 100_000)
    throw new Error('the disk')
  })()
  await t.rejects(scanWhole(broken, { size: packet.length, unusual: { construct: 'CDATA', offset: 0 } }), {
    code: 'LT_ENV_UNUSUAL_REFUSED',
  })
  const many = await Promise.all(Array.from({ length: 3 }, () => whole(packet)))
  t.ok(
    many.every(({ cuts }) => cuts.length === 1),
    'those that had to wait are served too',
  )
})
