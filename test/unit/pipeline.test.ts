import t from 'tap'
import { BusError, isBusError } from '../../libs/errors/index.ts'
import { type BatchWork, Committer, followProgress, sealEntry, startSweeper } from '../../libs/pipeline/index.ts'
import { coalesce } from '../../libs/store/index.ts'

interface Entry {
  readonly id: string
  readonly bad?: boolean
}

/** A database of sorts: remembers what was written together, and fails as it is told to. */
function recordingWork(options: { failing?: () => unknown; known?: Map<string, string> } = {}): {
  work: BatchWork<Entry, string>
  batches: string[][]
} {
  const batches: string[][] = []
  const work: BatchWork<Entry, string> = {
    async write(entries) {
      batches.push(entries.map(({ id }) => id))
      const failure = options.failing?.()
      if (failure) throw failure
      if (entries.some(({ bad }) => bad))
        throw Object.assign(new Error('value out of range'), { code: '22003', severity: 'ERROR' })
      return entries.map(({ id }) => `written ${id}`)
    },
    recover: async ({ id }) => options.known?.get(id),
    explain: (_, cause) => new BusError('LT_SUB_UNSTORABLE', {}, { cause }),
  }
  return { work, batches }
}

t.test('whatever has queued goes into one batch, urgent first, in order', async (t) => {
  const { work, batches } = recordingWork()
  const committer = new Committer(work, { maxBatch: 10, maxWaiting: 100 })
  const all = [committer.submit({ id: 'a' }), committer.submit({ id: 'b' }), committer.submit({ id: 'u' }, true)]
  t.same(await Promise.all(all), ['written a', 'written b', 'written u'])
  t.same(batches, [['u', 'a', 'b']])
})

t.test('one bad entry among ninety-nine is refused alone', async (t) => {
  const { work } = recordingWork()
  const committer = new Committer(work, { maxBatch: 100, maxWaiting: 100 })
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) => committer.submit({ id: String(i), bad: i === 37 })),
  )
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 99)
  const refused = results[37] as PromiseRejectedResult
  t.ok(isBusError(refused.reason, 'LT_SUB_UNSTORABLE'))
})

t.test('bounds: batch size, weight, and how many may wait', async (t) => {
  const { work, batches } = recordingWork()
  const committer = new Committer(
    work,
    { maxBatch: 3, maxWaiting: 5, maxWeight: 10 },
    { weigh: ({ id }) => Number(id) },
  )
  const taken = ['6', '6', '1', '1', '1'].map((id) => committer.submit({ id }))
  await t.rejects(committer.submit({ id: '1' }), { code: 'LT_SUB_BUSY' })
  await Promise.all(taken)
  t.same(batches, [['6'], ['6', '1', '1'], ['1']])
})

t.test('two moves of one row never share a batch', async (t) => {
  const { work, batches } = recordingWork()
  const committer = new Committer(work, { maxBatch: 10, maxWaiting: 10 }, { keyOf: ({ id }) => id })
  await Promise.all(['x', 'x', 'y', 'x'].map((id) => committer.submit({ id })))
  t.same(batches, [['x', 'y'], ['x'], ['x']])
})

t.test('a deadlock retries the same batch; nobody is refused', async (t) => {
  let deadlocks = 2
  const { work, batches } = recordingWork({
    failing: () =>
      deadlocks-- > 0 ? Object.assign(new Error('deadlock detected'), { code: '40P01', severity: 'ERROR' }) : undefined,
  })
  const committer = new Committer(work, { maxBatch: 10, maxWaiting: 10 })
  t.same(await Promise.all([committer.submit({ id: 'a' }), committer.submit({ id: 'b' })]), ['written a', 'written b'])
  t.same(batches, [
    ['a', 'b'],
    ['a', 'b'],
    ['a', 'b'],
  ])
})

t.test('an unknown outcome is re-read before anyone is answered', async (t) => {
  let lost = true
  const { work, batches } = recordingWork({
    failing: () => {
      if (!lost) return undefined
      lost = false
      return new Error('Connection terminated unexpectedly')
    },
    known: new Map([['there', 'found there']]),
  })
  const committer = new Committer(work, { maxBatch: 10, maxWaiting: 10 })
  const [there, unknown] = await Promise.allSettled([
    committer.submit({ id: 'there' }),
    committer.submit({ id: 'unknown' }),
  ])
  t.same(there, { status: 'fulfilled', value: 'found there' })
  t.ok(unknown?.status === 'rejected' && isBusError(unknown.reason, 'LT_STORE_UNAVAILABLE'))
  t.equal(batches.length, 1, 'nothing is written a second time while the first may still be under way')
})

t.test('closing waits for what was submitted and takes nothing more', async (t) => {
  const { work } = recordingWork()
  const committer = new Committer(work, { maxBatch: 1, maxWaiting: 10 })
  const waiting = [committer.submit({ id: 'a' }), committer.submit({ id: 'b' })]
  await committer.close()
  t.same(await Promise.all(waiting), ['written a', 'written b'])
  await t.rejects(committer.submit({ id: 'c' }), { code: 'LT_SUB_BUSY' })
})

t.test('look-ups of one turn become one question', async (t) => {
  const asked: (readonly number[])[] = []
  const double = coalesce<number, number>(async (questions) => {
    asked.push(questions)
    return questions.map((n) => n * 2)
  })
  t.same(await Promise.all([double(1), double(2), double(3)]), [2, 4, 6])
  t.same(asked, [[1, 2, 3]])
})

t.test('an entry is sealed: its leaf hash covers id, event, time and the salted details', async (t) => {
  const at = new Date('2026-11-20T01:02:03.004Z')
  const one = sealEntry({ event: 'SubmissionAcceptance', details: { b: 2, a: 'x' } }, at)
  const two = sealEntry({ event: 'SubmissionAcceptance', details: { b: 2, a: 'x' } }, at)
  t.equal(one.details, '{"a":"x","b":2}')
  t.equal(one.event_time, '2026-11-20T01:02:03.004Z')
  t.not(one.details_digest, two.details_digest, 'the same details are not told by their digest')
  t.match(one.leaf_hash, /^[0-9a-f]{64}$/)
})

t.test('the sweeper goes on after a failure, and at once while it finds work', async (t) => {
  const stop = new AbortController()
  const seen: string[] = []
  let rounds = 0
  const sweeper = startSweeper({
    sweep: async () => {
      rounds++
      if (rounds === 1) throw new Error('once')
      if (rounds === 4) stop.abort()
      return rounds === 2 ? 5 : 0
    },
    idleMs: 10,
    signal: stop.signal,
    onError: (error) => seen.push((error as Error).message),
  })
  await sweeper.done
  t.same(seen, ['once'])
  t.equal(rounds, 4)
})

t.test('a worker that does not catch up is told of, until it does', async (t) => {
  let now = 0
  const progress = followProgress(100, () => now)
  progress.note(100)
  now = 9_000
  await t.resolves(progress.check())
  now = 11_000
  await t.rejects(progress.check(), { code: 'LT_LOG_BEHIND' })
  progress.note(3)
  await t.resolves(progress.check())
})
