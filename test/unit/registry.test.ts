import fc from 'fast-check'
import t from 'tap'
import { NEW_CODE } from '../../libs/model/index.ts'
import { AgencyTree } from '../../libs/registry/agency-tree.ts'
import { kindOfCode } from '../../libs/registry/check-agency.ts'
import { readCsv } from '../../libs/registry/exchange/read-csv.ts'
import { readJsonArray } from '../../libs/registry/exchange/read-json-array.ts'
import { csvLine, unguardField } from '../../libs/registry/exchange/write-csv.ts'
import { foldName } from '../../libs/registry/fold-name.ts'
import { readLevel1 } from '../../libs/registry/index.ts'
import type { AgencyRow } from '../../libs/store/index.ts'

/** The bytes of a text in pieces of `size`, so that characters and states are cut everywhere. */
async function* pieces(content: string | Uint8Array, size = 1): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content as Uint8Array)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of source) found.push(one)
  return found
}
const csv = async (text: string | Uint8Array, size?: number): Promise<(readonly string[])[]> =>
  (await all(readCsv(pieces(text, size)))).map(({ fields }) => fields)
const json = async (text: string, size?: number): Promise<unknown[]> =>
  (await all(readJsonArray(pieces(text, size)))).map(({ value }) => value)

t.test('names are folded to what people type', (t) => {
  t.equal(foldName('Sở Thông tin và Truyền thông'), 'so thong tin va truyen thong')
  t.equal(foldName('  UBND tỉnh ĐẮK LẮK – (cũ) '), 'ubnd tinh dak lak cu')
  t.equal(foldName('Ủy ban'.normalize('NFD')), 'uy ban')
  t.equal(foldName('💥 \u0000'), '')
  t.end()
})

t.test('the code tells the block', (t) => {
  t.equal(kindOfCode('G12.18'), 'government')
  t.equal(kindOfCode('000.00.00.K54'), 'local')
  t.equal(kindOfCode('A53'), 'party')
  t.equal(kindOfCode('0100109106-001'), 'enterprise')
  t.equal(kindOfCode('ABC123'), 'other')
  t.end()
})

t.test('CSV as RFC 4180 has it', async (t) => {
  const text = '\ufeffa,"b ""q"" , c"\r\n\r\n"dòng\r\nhai",\n,"",x\r\ncuối,'
  for (const size of [1, 2, 3, 7, 1000]) {
    t.same(
      await csv(text, size),
      [
        ['a', 'b "q" , c'],
        ['dòng\r\nhai', ''],
        ['', '', 'x'],
        ['cuối', ''],
      ],
      `pieces of ${size}`,
    )
  }
  t.same(
    (await all(readCsv(pieces('a\n"x\ny"\n\nb')))).map(({ line }) => line),
    [1, 2, 5],
  )
  t.same(await csv(''), [])
  for (const [bad, line] of [
    ['a\nb"c', 2],
    ['a\n"b"c', 2],
    ['a\n"b\n', 2],
    ['a\rb', 1],
    ['a\r', 1],
    [`a\n${'x'.repeat(10_001)}`, 2],
    [`"${'x'.repeat(20_000)}`, 1],
    [','.repeat(64), 1],
    [Buffer.from([0x61, 0x0a, 0xff]), 2],
    [Buffer.from([0x61, 0xe1, 0xbb]), 1],
  ] as const) {
    for (const size of [1, 4096]) {
      await t.rejects(
        csv(bad, size),
        { code: 'LT_REG_IMPORT_UNREADABLE', params: { line } },
        JSON.stringify(bad.slice(0, 12)),
      )
    }
  }
})

t.test('what is written to CSV is read back, and no spreadsheet runs it', async (t) => {
  const field = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^'{0,2}[=+@\t,"\r\n-]{0,3}[a-z]*$/))
  const records = fc.array(fc.array(field, { minLength: 2, maxLength: 5 }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(records, fc.integer({ min: 1, max: 9 }), async (written, size) => {
      // A lone surrogate has no UTF-8 form, and a byte order mark in front of a file is not part of it.
      const sound = written.map((fields) => fields.map((text) => Buffer.from(text).toString().replaceAll('\ufeff', '')))
      const read = await csv(sound.map(csvLine).join(''), size)
      t.strictSame(
        read.map((fields) => fields.map(unguardField)),
        sound,
      )
      for (const text of read.flat()) if (/^[=+\-@\t\r\n]/.test(text)) throw new Error(`runs as a formula: ${text}`)
    }),
    { numRuns: 200 },
  )
  t.equal(csvLine(['=1+1', '-2', "'=x", 'a,b', 'H26']), `'=1+1,'-2,''=x,"a,b",H26\r\n`)
})

t.test('the objects of a JSON array, however it is laid out', async (t) => {
  const value = [{ a: 'x"}],[{\\', b: [1, [2]], c: { d: '\u00e9' } }, {}, { e: 'Đ' }]
  for (const text of [JSON.stringify(value), JSON.stringify(value, null, 3), `\ufeff ${JSON.stringify(value)}\n\n`]) {
    for (const size of [1, 5, 4096]) t.same(await json(text, size), value)
  }
  t.same(await json(' [ ] '), [])
  t.same(
    (await all(readJsonArray(pieces('[\n{},\n\n{"a":\n1}]')))).map(({ line }) => line),
    [2, 4],
  )
  const deep = `[{"a":${'['.repeat(60_000)}${']'.repeat(60_000)}}]`
  for (const bad of [
    '',
    '{}',
    '[',
    '[{}',
    '[{},]',
    '[{}{}]',
    '[1]',
    '[[]]',
    '[{}]x',
    '[,{}]',
    '[{"a"}]',
    '[{]',
    deep,
  ]) {
    await t.rejects(json(bad, 4096), { code: 'LT_REG_IMPORT_UNREADABLE' }, bad.slice(0, 12))
  }
})

t.test('ancestors and children, over gaps, both structures and every order of arrival', (t) => {
  const row = (code: string, parentCode: string | null = null): AgencyRow =>
    ({ code, name: code, shortName: null, kind: 'other', parentCode, closedOn: null, successorCode: null }) as AgencyRow
  const rows = [
    row('H26'),
    row('H26.01.02'),
    row('H26.01.02.03'),
    row('H26.05'),
    row('005.00.12.H26'),
    row('0100109106', 'H26.05'),
  ]
  fc.assert(
    fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), fc.boolean(), (order, late) => {
      const tree = new AgencyTree()
      for (const agency of order) tree.put(agency)
      if (late) {
        tree.put(row('H26.01'))
        tree.put(row('H26.01', 'G12'))
        tree.put(row('H26.01'))
      }
      const codes = (found: Iterable<AgencyRow>): string => [...found].map(({ code }) => code).join()
      const sorted = (found: AgencyRow[]): string =>
        found
          .map(({ code }) => code)
          .sort()
          .join()
      t.equal(codes(tree.ancestors('H26.01.02.03')), late ? 'H26.01.02,H26.01,H26' : 'H26.01.02,H26')
      t.equal(codes(tree.ancestors('005.00.12.H26')), 'H26')
      t.equal(codes(tree.ancestors('0100109106')), 'H26.05,H26')
      t.equal(sorted(tree.children('H26')), `005.00.12.H26,${late ? 'H26.01' : 'H26.01.02'},H26.05`)
      t.equal(sorted(tree.children('000.00.00.H26')), sorted(tree.children('H26')))
      const below: string[] = []
      tree.walk('H26', ({ code }) => below.push(code) > 0)
      t.equal(below.length, new Set(below).size)
      t.equal(below.length, rows.length - (late ? 0 : 1))
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('the level-1 list is whole', async (t) => {
  const list = await readLevel1()
  const byCode = new Map(list.agencies.map((agency) => [agency.code, agency]))
  t.equal(byCode.size, list.agencies.length)
  for (const agency of list.agencies) {
    t.match(agency.code, NEW_CODE)
    t.ok(agency.source in list.sources, agency.code)
    t.equal(agency.status === 'current', agency.closedOn === undefined, agency.code)
    t.equal(agency.closedOn === undefined, agency.closingConfidence === undefined, agency.code)
    if (agency.closingConfidence) t.ok(agency.closingConfidence in list.closingConfidence)
    if (agency.successor) t.equal(byCode.get(agency.successor)?.status, 'current', agency.code)
  }
  const provinces = list.agencies.filter(({ code }) => code.startsWith('H'))
  t.equal(provinces.length, 63)
  t.equal(provinces.filter(({ status }) => status === 'current').length, 34)
  t.equal(provinces.filter(({ successor }) => successor).length, 29)
})
