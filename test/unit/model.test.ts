import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import {
  CONTENT_HASH_VERSION,
  codeStructure,
  detachedContentHash,
  ENDED_STATES,
  EVENTS,
  isEnded,
  isUuid,
  laneOf,
  newConsignmentId,
  newDispatchId,
  newEntryId,
  newReceiptId,
  newSystemId,
  newToOld,
  normalizeCode,
  oldToNew,
  parentCode,
  readStatusCode,
  STATUS_CODES,
  STATUS_NAMES,
  SUBJECTS,
  subjectTokens,
  uuidTimeMs,
  uuidv7,
} from '../../libs/model/index.ts'

t.test('structures of identifier codes', async (t) => {
  const expected: [string, ReturnType<typeof codeStructure>][] = [
    ['H26', 'new'],
    ['H26.01.02', 'new'],
    ['A01.2.15', 'new'],
    ['000.00.13.H53', 'old'],
    ['00.53.W00', 'hub'],
    ['0101234567', 'enterprise'],
    ['0101234567-001', 'enterprise'],
    ['012345678901', 'enterprise'],
    ['X9ABCDE', 'other'],
    ['h26', undefined],
    ['H26.', undefined],
    ['H26..01', undefined],
    ['H26.1é', undefined],
    [' H26', undefined],
    ['', undefined],
    [`H26.${'1'.repeat(32)}`, undefined],
    ['000.00.13.h53', undefined],
  ]
  for (const [code, structure] of expected) t.equal(codeStructure(code), structure, code)
  t.equal(codeStructure(`H26${'.1'.repeat(16)}`), 'new', '35 characters are the most')
  t.equal(codeStructure(`H26${'.1'.repeat(17)}`), undefined)
})

t.test('codes are cleaned of what systems write round them', async (t) => {
  t.equal(normalizeCode('  000.00.13.h53 '), '000.00.13.H53')
  t.equal(normalizeCode('H53.13#Sở Nội vụ'), 'H53.13')
})

t.test('old and new structure turn into each other', async (t) => {
  const pairs: [string, string][] = [
    ['000.00.00.H53', 'H53'],
    ['000.00.13.H53', 'H53.13'],
    ['000.22.13.H53', 'H53.13.22'],
    ['001.22.13.H53', 'H53.13.22.001'],
  ]
  for (const [old, modern] of pairs) {
    t.equal(oldToNew(old), modern)
    t.equal(newToOld(modern), old)
  }
  t.equal(oldToNew('001.00.13.H53'), undefined, 'a middle group is empty')
  t.equal(oldToNew('H53.13'), undefined)
  t.equal(newToOld('H53.13.22.001.5'), undefined, 'five levels do not fit')
  t.equal(newToOld('H53.1'), undefined, 'would come back as another code')
  t.equal(newToOld('H53.ABCD'), undefined)
  fc.assert(
    fc.property(fc.stringMatching(/^\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}$/), (old) => {
      const modern = oldToNew(old)
      return modern === undefined || newToOld(modern) === old
    }),
  )
})

t.test('the code one level up', async (t) => {
  t.equal(parentCode('H26.01.02'), 'H26.01')
  t.equal(parentCode('H26'), undefined)
  t.equal(parentCode('001.22.13.H53'), '000.22.13.H53')
  t.equal(parentCode('000.22.13.H53'), '000.00.13.H53')
  t.equal(parentCode('000.00.13.H53'), '000.00.00.H53')
  t.equal(parentCode('000.00.00.H53'), undefined)
  t.equal(parentCode('0101234567'), undefined)
})

t.test('ids are UUIDv7 with the time in front', async (t) => {
  const time = Date.UTC(2026, 10, 22, 1, 2, 3, 4)
  const ids = Array.from({ length: 5000 }, () => uuidv7(time))
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids.every((id) => isUuid(id) && id[14] === '7' && uuidTimeMs(id) === time))
  t.ok(uuidv7(time) < uuidv7(time + 1))
  for (const make of [newDispatchId, newConsignmentId, newEntryId, newReceiptId, newSystemId])
    t.equal(uuidTimeMs(make(7)), 7)
  t.ok(Math.abs(uuidTimeMs(newDispatchId()) - Date.now()) < 5000)
  for (const bad of [ids[0]?.toUpperCase(), `${ids[0]} `, 'x', 5, undefined]) t.notOk(isUuid(bad))
})

t.test('content hash of a detached packet', async (t) => {
  const sha = (text: string): Buffer => createHash('sha256').update(text).digest()
  const parts = [
    { contentId: 'a', sha256: sha('a'), size: 1 },
    { contentId: 'b', sha256: sha('b'), size: 2 ** 33 },
  ]
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const size = (hex: string): Buffer => field(Buffer.from(hex, 'hex'))
  const bytes = [
    field(Buffer.from(CONTENT_HASH_VERSION)),
    field(sha('envelope')),
    ...[field(Buffer.from('a')), field(sha('a')), size('0000000000000001')],
    ...[field(Buffer.from('b')), field(sha('b')), size('0000000200000000')],
  ]
  const expected = createHash('sha256').update(Buffer.concat(bytes)).digest('hex')
  t.equal(detachedContentHash(sha('envelope'), parts).toString('hex'), expected)
  t.not(detachedContentHash(sha('envelope'), parts.toReversed()).toString('hex'), expected, 'order counts')
  t.not(detachedContentHash(sha('envelope'), parts.slice(1)).toString('hex'), expected)
})

t.test('lanes, states, status codes', async (t) => {
  t.same([0, 1, 4].map(laneOf), ['normal', 'urgent', 'urgent'])
  t.ok(ENDED_STATES.every(isEnded))
  t.notOk(isEnded('HANDED_OVER'))
  t.same(readStatusCode(' 1 '), { code: '01', asWritten: '1' })
  t.same(readStatusCode('14'), { code: '15', asWritten: '14' })
  for (const bad of ['', '07', '001', 'x', '1.0']) t.equal(readStatusCode(bad), undefined, bad)
  t.same(Object.keys(STATUS_NAMES).sort(), [...STATUS_CODES].sort())
  t.equal(new Set(Object.values(EVENTS)).size, Object.keys(EVENTS).length, 'each event has its own name')
})

t.test('subjects follow the code, and no code can widen one', async (t) => {
  t.equal(subjectTokens('H26.01.02'), 'H26.01.02')
  t.equal(subjectTokens('00.53.W00'), 'X.00_53_W00')
  t.equal(subjectTokens('0101234567-001'), 'X.0101234567_001')
  t.equal(SUBJECTS.consignmentAvailable('H26.01'), 'lt.consignment.available.H26.01')
  t.equal(SUBJECTS.consignmentPush('urgent', 'H26'), 'lt.consignment.push.urgent.H26')
  t.equal(SUBJECTS.dispatchAccepted('normal'), 'lt.dispatch.accepted.normal')
  fc.assert(
    fc.property(
      fc.string({ maxLength: 20 }),
      (code) => /^[0-9A-Za-z_.]*$/.test(subjectTokens(code)) && !subjectTokens(code).includes('..'),
    ),
  )
})
