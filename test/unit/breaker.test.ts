import fc from 'fast-check'
import t from 'tap'
import { BusError } from '../../libs/errors/index.ts'
import { afterSign, type Breaker, beginProbe, CLOSED, type Sign } from '../../services/delivery/breaker.ts'
import { fitNotices } from '../../services/delivery/build-hook.ts'
import { classifyAnswer, classifyFailure, signOf } from '../../services/delivery/classify-answer.ts'

const LIMITS = { failures: 5, firstMs: 1000, maxMs: 60_000 }
const failed: Sign = { kind: 'failed', probe: false }
const works: Sign = { kind: 'works', probe: false }

t.test('five failures in a row open it, a success in between does not let it', async (t) => {
  const after = (signs: readonly Sign[]): Breaker =>
    signs.reduce<Breaker>((breaker, sign) => afterSign(breaker, sign, LIMITS, 0, 1), CLOSED)
  t.match(after([failed, failed, failed, failed]), { state: 'closed', failures: 4 })
  t.match(after([failed, failed, failed, failed, failed]), { state: 'open', until: 1000 })
  t.match(after([failed, failed, failed, failed, works, failed]), { state: 'closed', failures: 1 })
  const busy: Sign = { kind: 'busy', probe: false }
  const unknown: Sign = { kind: 'unknown', probe: false }
  t.same(after([busy, busy, busy, busy, busy, unknown]), CLOSED, 'a busy endpoint works')
  t.match(after([failed, busy, failed, unknown, failed, failed]), { state: 'closed', failures: 4 })
})

t.test('a probe closes it, or makes the pause longer', async (t) => {
  const open: Breaker = { state: 'open', failures: 5, probes: 0, until: 1000 }
  t.equal(beginProbe(CLOSED, 9e9, 10), undefined, 'a closed one needs none')
  t.equal(beginProbe(open, 999, 10), undefined, 'not before its time')
  const half = beginProbe(open, 1000, 500) as Breaker
  t.match(half, { state: 'half-open', until: 1500 })
  t.equal(beginProbe(half, 1499, 500), undefined, 'one at a time')
  t.match(beginProbe(half, 1500, 500), { until: 2000 }, 'a lost one is followed by another')
  t.equal(afterSign(half, works, LIMITS, 1100, 0), CLOSED)
  t.equal(afterSign(half, failed, LIMITS, 1100, 0), half, 'what was begun before says nothing new')
  const again = (probes: number, random: number): Breaker =>
    afterSign({ ...half, probes }, { kind: 'failed', probe: true }, LIMITS, 0, random)
  t.same(
    [0, 1, 4, 5, 40].map((probes) => again(probes, 1).until),
    [2000, 4000, 32_000, 60_000, 60_000],
    'doubling, bounded',
  )
  t.equal(again(0, 0).until, 1000, 'at least half of it')
  const busy = (retryAfterMs: number): Breaker =>
    afterSign(half, { kind: 'busy', probe: true, retryAfterMs }, LIMITS, 0, 1)
  t.match(busy(5000), { state: 'open', probes: 0, until: 5000 }, 'not before what was asked for')
  t.match(busy(9e9), { until: 60_000 }, 'nobody asks for ever')
  t.match(afterSign(half, { kind: 'unknown', probe: true }, LIMITS, 7, 1), { state: 'open', probes: 0, until: 7 })
})

t.test('whatever happens in whatever order', async (t) => {
  const step = fc.oneof(
    fc.record({
      // Failures outweigh, or it would hardly ever open.
      kind: fc.constantFrom('works', 'busy', 'unknown', ...Array<'failed'>(15).fill('failed')),
      probe: fc.boolean(),
      retryAfterMs: fc.nat(200_000),
    }),
    fc.constant('probe' as const),
    fc.record({ pauseMs: fc.nat(90_000) }),
  )
  let opened = 0
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 20, maxLength: 80 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (steps, random) => {
        let [breaker, now, inRow]: [Breaker, number, number] = [CLOSED, 0, 0]
        for (const each of steps) {
          const before = breaker
          if (each === 'probe') breaker = beginProbe(breaker, now, 800) ?? breaker
          else if ('pauseMs' in each) now += each.pauseMs
          else {
            breaker = afterSign(breaker, each, LIMITS, now, random)
            if (each.kind === 'works') inRow = 0
            else if (each.kind === 'failed' && before.state === 'closed') inRow++
            if (each.kind === 'works' && breaker !== before) t.equal(breaker, CLOSED)
          }
          const good =
            (breaker.state === 'closed') === inRow < LIMITS.failures &&
            (breaker.state !== 'closed' || breaker.failures === inRow) &&
            breaker.until <= Math.max(before.until, now + LIMITS.maxMs) &&
            // Half open only through a probe whose time had come.
            (breaker.state !== 'half-open' ||
              before.state === 'half-open' ||
              (each === 'probe' && now >= before.until)) &&
            (breaker.state === 'closed' ||
              before.state === 'closed' ||
              each === 'probe' ||
              breaker.failures === before.failures)
          if (breaker.state === 'open') opened++
          if (!good) return false
        }
        return true
      },
    ),
    { numRuns: 3000 },
  )
  t.ok(opened > 1000, `open in ${opened} steps`)
})

t.test('what an attempt says about its endpoint', async (t) => {
  const answered = (status: number, retryAfter?: string): unknown =>
    signOf(classifyAnswer({ status, retryAfter, text: '' }, new Date()), false)
  for (const status of [200, 204, 400, 410, 422])
    t.match(answered(status), { kind: 'works' }, `${status} is an answer about the document`)
  for (const status of [500, 502, 503, 404, 307]) t.match(answered(status), { kind: 'failed' }, String(status))
  t.same(answered(429, '3'), { kind: 'busy', probe: false, retryAfterMs: 3000 })
  const gone = (error: unknown): unknown => signOf(classifyFailure(error), true)
  for (const code of ['LT_DLV_UNREACHABLE', 'LT_DLV_NO_ANSWER', 'LT_DLV_ADDRESS_REFUSED', 'LT_DLV_NOT_HTTPS'] as const)
    t.same(gone(new BusError(code, { reason: 'x', host: 'x' })), { kind: 'failed', probe: true }, code)
  for (const error of [new BusError('LT_DLV_INTERRUPTED'), new BusError('LT_STORE_CONTENT_MISSING', { path: 'x' })])
    t.same(gone(error), { kind: 'unknown', probe: true }, `${error.code} is ours`)
})

t.test('a post to a web hook is bounded by the receipts that come along', async (t) => {
  const notice = (kib: number) => ({
    epoch: 0,
    index: 1,
    entry_id: 'e',
    event: 'x',
    event_time: new Date(),
    dispatch_id: 'd',
    consignment_id: null,
    status: null,
    xml: Buffer.alloc(kib * 1024),
  })
  t.equal(fitNotices([]).length, 0)
  t.equal(fitNotices([notice(9000), notice(1)]).length, 1, 'one always goes')
  t.equal(fitNotices([notice(1000), notice(1000), notice(1000)]).length, 2)
  t.equal(fitNotices([notice(1), notice(1)]).length, 2)
})
