import t from 'tap'
import { seededRandom } from '../harness/seeded-random.ts'
import { type DiskCall, loseDisk } from '../power/disk-model.ts'
import { readRecording } from '../power/read-strace.ts'
import { loseWal } from '../power/wal-model.ts'

const always = (): number => 0
const never = (): number => 0.99
const ROUNDS = 200

/** The calls one after the other, a second each. */
function inTurn(
  ...calls: (DiskCall extends infer Each ? (Each extends DiskCall ? Omit<Each, 'begun' | 'ended'> : never) : never)[]
) {
  return calls.map((call, i) => ({ ...call, begun: i, ended: i + 0.9 }) as DiskCall)
}

/** What may be left of a path at the cut, over many chances. */
function outcomes(calls: readonly DiskCall[], cut: number, path: string): Set<number | undefined> {
  const random = seededRandom(7)
  return new Set(Array.from({ length: ROUNDS }, () => loseDisk(calls, cut, random).get(path)))
}

const write = { kind: 'write', path: '/d/in/a', bytes: 100 } as const
const create = { kind: 'create', path: '/d/in/a' } as const
const sync = (path: string) => ({ kind: 'sync', path }) as const
const rename = { kind: 'rename', from: '/d/in/a', to: '/d/m/x/a' } as const
const KEPT = [
  create,
  write,
  { kind: 'folder', path: '/d/m' } as const,
  sync('/d'),
  { kind: 'folder', path: '/d/m/x' } as const,
  sync('/d/m'),
  sync('/d/in/a'),
  rename,
  sync('/d/m/x'),
]

t.test('data, then name, then every folder that is new: whole at any chance', async (t) => {
  t.same(outcomes(inTurn(...KEPT), 100, '/d/m/x/a'), new Set([100]))
})

t.test('whatever sync is left out, some chance loses the file', async (t) => {
  for (const [i, call] of KEPT.entries()) {
    if (call.kind !== 'sync') continue
    const left = outcomes(inTurn(...KEPT.filter((_, at) => at !== i)), 100, '/d/m/x/a')
    t.ok(left.size > 1, `without sync of ${call.path}: ${[...left].slice(0, 4).join()}`)
  }
})

t.test('a sync promises only once it has ended, and only what had ended before it began', async (t) => {
  const calls = inTurn(create, sync('/d/in'), write, sync('/d/in/a'))
  t.ok(outcomes(calls, 3.5, '/d/in/a').size > 1, 'cut in the middle of it')
  t.same(outcomes(calls, 3.9, '/d/in/a'), new Set([100]), 'cut at its end')
  const beside = calls.map((call) => (call.kind === 'write' ? { ...call, ended: 3.1 } : call))
  t.ok(outcomes(beside, 10, '/d/in/a').size > 1, 'a write that ended while it ran')
})

t.test('what was not begun at the cut is not there', async (t) => {
  t.same(loseDisk(inTurn(create, sync('/d/in'), write), 2, always).get('/d/in/a'), 0)
  t.same(loseDisk(inTurn(create, sync('/d/in')), 0, always).size, 0)
})

t.test('the log keeps what was flushed, and of the rest what chance lets through', async (t) => {
  const page = (fill: number): Buffer => Buffer.alloc(1024, fill)
  const writes = [
    { begun: 0, ended: 1, offset: 0, bytes: page(1) },
    { begun: 4, ended: 5, offset: 0, bytes: page(2) },
  ]
  const syncs = [
    { begun: 2, ended: 3 },
    { begun: 6, ended: 7 },
  ]
  const before = Buffer.alloc(2048)
  const at = (cut: number, chance: () => number): number | undefined =>
    loseWal(before, { writes, syncs }, cut, chance)[0]
  t.equal(at(2.5, never), 0, 'not flushed yet')
  t.equal(at(2.5, always), 1)
  t.equal(at(6.5, never), 1, 'the flush that has ended counts')
  t.equal(at(6.5, always), 2)
  t.equal(at(7, never), 2)
  t.equal(before[0], 0, 'the segment before stays what it was')
})

t.test('calls are read as strace writes them', async (t) => {
  const call = (begun: number, text: string) => ({ pid: 1, begun, ended: begun + 0.5, text })
  const id = '01a21573-31ab-7f59-acac-65b1eb4cb974'
  const recording = readRecording(
    [
      call(
        1,
        'openat(AT_FDCWD</>, "/c/incoming/a", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0640) = 27</c/incoming/a> <0.1>',
      ),
      call(2, 'writev(27</c/incoming/a>, [{iov_base="a\\"b", iov_len=3}], 1) = 3 <0.1>'),
      call(3, 'mkdir("/c/2026-11", 0750) = -1 EEXIST (File exists) <0.1>'),
      call(4, 'rename("/c/incoming/a", "/c/2026-11/a") = 0 <0.1>'),
      call(5, 'pwrite64(5</p/pg_wal/000000010000000000000003>, "\\1\\0\\n\\\\x", 5, 8192) = 5 <0.1>'),
      call(6, 'pwrite64(5</p/pg_wal/000000010000000000000003>, "y", 1, 64 <... pwrite64 resumed>) = 1 <0.1>'),
      call(7, 'fdatasync(5</p/pg_wal/000000010000000000000003>) = 0 <0.1>'),
      call(
        8,
        `writev(30<socket:[1]>, [{iov_base="HTTP/1.1 202 Accepted\\r\\n\\r\\n", iov_len=25}, {iov_base="{\\"dispatch\\":\\"${id}\\"}", iov_len=50}], 2) = 75 <0.1>`,
      ),
    ],
    '/c',
  )
  t.match(recording.disk, [
    { kind: 'create', path: '/c/incoming/a' },
    { kind: 'write', bytes: 3 },
    { kind: 'rename', to: '/c/2026-11/a' },
  ])
  t.equal(recording.disk.length, 3, 'a call that failed changed nothing')
  const wal = recording.wal.get('000000010000000000000003')
  t.same(
    wal?.writes.map(({ offset, bytes }) => [offset, bytes.toString('hex')]),
    [
      [8192, '01000a5c78'],
      [64, '79'],
    ],
  )
  t.equal(wal?.syncs.length, 1)
  t.same(recording.answers, [{ dispatch: id, at: 8 }])
})
