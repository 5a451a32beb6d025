import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writePacket } from '../../libs/envelope/index.ts'
import { TrustStore } from '../../libs/signature/index.ts'
import { scanPacket } from '../../services/gateway/admission/receive-parts.ts'
import { OpenBudget } from '../../services/gateway/examine/open-budget.ts'
import { type ExaminerOptions, openExaminer } from '../../services/gateway/examine/open-examiner.ts'

const MIB = 1024 * 1024
const limits = { maxPacketBytes: 50 * MIB, maxSkeletonBytes: 4 * MIB }
const keyDir = t.testdir()
for (const folder of ['trust/packet', 'trust/axis', 'trust/intermediate'])
  mkdirSync(join(keyDir, folder), { recursive: true })

const packet = (subject: string, recipients = 1): Buffer =>
  writePacket({
    sender: { code: 'H26.01' },
    recipients: Array.from({ length: recipients }, (_, i) => ({ code: `H53.${i}` })),
    documentId: 'x',
    number: '12',
    notation: 'SA-VP',
    subject,
    attachments: [
      { contentId: 'a', name: 'a.txt', bytes: Buffer.from('một') },
      { contentId: 'b', name: 'b.txt', bytes: Buffer.from('hai') },
    ],
  })

function examinerOf(options: Partial<ExaminerOptions> = {}) {
  const trust = new TrustStore({ anchors: [], intermediates: [] })
  const examiner = openExaminer({ trust: () => trust, keyDir, ...options })
  t.teardown(() => examiner[Symbol.asyncDispose]())
  return examiner
}

t.test('room is taken while a packet streams in, and given back once', async (t) => {
  const budget = new OpenBudget(16 * MIB)
  async function* body(size: number) {
    yield Buffer.from('<a><!--')
    for (let sent = 0; sent < size; sent += MIB / 4) yield Buffer.alloc(MIB / 4, 'x')
    yield Buffer.from('--></a>')
  }
  const [first, second, other, small] = [budget.room('s'), budget.room('s'), budget.room('o'), budget.room('s')]
  await scanPacket(body(3 * MIB), limits, first)
  t.ok(budget.open >= 3 * MIB && budget.open < 3.2 * MIB, `${budget.open} bytes are held`)
  let read = 0
  async function* counted() {
    for await (const chunk of body(3 * MIB)) {
      read += chunk.length
      yield chunk
    }
  }
  await t.rejects(scanPacket(counted(), limits, second), { code: 'LT_SUB_BUSY' })
  t.ok(read < 1.5 * MIB, `refused after ${read} bytes, not at the end`)
  await scanPacket(body(3 * MIB), limits, other)
  await scanPacket(body(0), limits, small)
  for (const room of [first, second, other, small, first]) room[Symbol.dispose]()
  t.equal(budget.open, 0)
})

t.test('a packet of many elements is read on the thread', async (t) => {
  let threads = 0
  const count = (): void => void threads++
  process.on('worker', count)
  t.teardown(() => process.off('worker', count))
  const examiner = examinerOf()
  const dispose = async (bytes: Buffer): Promise<void> =>
    (await examiner.open(bytes, [], examiner.room('s')))[Symbol.dispose]()
  await dispose(packet('một trăm nơi nhận', 100))
  t.equal(threads, 0)
  const many = packet('nhiều nơi nhận', 800)
  t.ok(many.length < 200 * 1024)
  await dispose(many)
  t.equal(threads, 1)
})

t.test('secrecy marks are searched where the packet is read, with the patterns that were set', async (t) => {
  for (const threadOverBytes of [0, MIB]) {
    const own = examinerOf({
      threadOverBytes,
      secrecyPatterns: [{ fields: ['subject', 'fileName'], form: 'phrase', text: 'lưu hành nội bộ' }],
    })
    const usual = examinerOf({ threadOverBytes })
    const markOf = async (examiner: typeof own, subject: string): Promise<string | undefined> => {
      using opened = await examiner.open(packet(subject), [], examiner.room('s'))
      return opened.mark?.field
    }
    t.equal(await markOf(own, 'Tài liệu lưu hành nội bộ'), 'subject')
    t.equal(await markOf(own, '(MẬT)'), undefined)
    t.equal(await markOf(usual, '(MẬT)'), 'subject')
    t.same(own.markIn(['lưu hành nội bộ.pdf']), { field: 'fileName', pattern: 'lưu hành nội bộ' })
    t.equal(own.markIn(['(MẬT).pdf']), undefined)
  }
})
