import { randomUUID } from 'node:crypto'
import t from 'tap'
import { newNoticeId } from '../../libs/model/index.ts'
import { changeSystem } from '../../libs/registry/index.ts'
import {
  armClocks,
  type ClaimLimits,
  changeSilence,
  claimNotices,
  closeLostClaims,
  deleteOldNotices,
  endMessage,
  findSilenceChanges,
  type MessageEnd,
  type NoticeRow,
  noteDoorUp,
  openPool,
  operateSystem,
} from '../../libs/store/index.ts'
import { createDatabase } from '../harness/harness.ts'

const database = await createDatabase(t)
const pool = openPool(database.url('delivery'), { name: 'delivery', max: 8, keepPlans: true })
const eyes = openPool(database.url('postgres'), { name: 'eyes', max: 1 })
t.teardown(() => Promise.all([pool.end(), eyes.end()]))
t.beforeEach(() => eyes.query('truncate notice, system_silence, door_up; delete from system'))

const LIMITS: ClaimLimits = {
  channels: ['mail', 'sms'],
  messages: 8,
  perMessage: 100,
  perHour: 100,
  deadlineMs: 60_000,
}

async function addSystem(seenAgo: string | null): Promise<string> {
  const id = randomUUID()
  await eyes.query(`insert into system (id, code, name, last_polled_at) values ($1, $2, 'x', now() - $3::interval)`, [
    id,
    `s${id.slice(0, 8)}`,
    seenAgo,
  ])
  return id
}

/** Makes notices the way statements do: with the move they tell of. */
async function make(count: number, row: Partial<NoticeRow> = {}): Promise<NoticeRow[]> {
  const owner = await addSystem('1 hour')
  const rows = Array.from({ length: count }, (): NoticeRow => {
    const id = newNoticeId()
    return {
      owner,
      id,
      dedupe_key: id,
      kind: 'overdue',
      channel: 'mail',
      recipient: 'a@x.vn',
      language: 'vi',
      agency_code: null,
      dispatch_id: null,
      consignment_id: null,
      facts: { number: '1' },
      gather_ms: 0,
      code: null,
      ...row,
    }
  })
  await changeSilence(pool, [{ id: owner, code: 'x', since: new Date(), back_at: null }], rows, [])
  return rows
}

const countBy = async (column: string): Promise<Record<string, number>> => {
  const { rows } = await eyes.query(`select ${column} as name, count(*)::int as n from notice group by 1`)
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
}
const end = (claimId: string, state: MessageEnd['state'], maxAttempts = 3): Promise<string[]> =>
  endMessage(pool, { claimId, state, retryMs: state === 'WAITING' ? 0 : null, code: null, maxAttempts }, [])

t.test('the same key is one notice, whoever makes it again; without a move none is made', async (t) => {
  await make(1, { dedupe_key: 'k' })
  await make(1, { dedupe_key: 'k' })
  t.same(await countBy('state'), { WAITING: 1 })
  const change = { id: randomUUID(), code: 'x', since: new Date(0), back_at: new Date() }
  const [row] = await make(1)
  const stray = { ...(row as NoticeRow), id: newNoticeId(), dedupe_key: 'stray', owner: change.id }
  t.same(await changeSilence(pool, [change], [stray], []), new Set(), 'nothing moved')
  t.same(await countBy('state'), { WAITING: 2 })
  await t.rejects(make(1, { facts: { subject: 'mật' } }), { code: '23514' }, 'only the facts of the list')
  await make(1, { recipient: '', code: 'LT_NTC_NO_CONTACT' })
  t.same(await countBy('code'), { null: 2, LT_NTC_NO_CONTACT: 1 })
  t.same(await countBy('state'), { WAITING: 2, FAILED: 1 }, 'nobody to tell: visible at once')
})

t.test('what waits for one contact is one message, and company is waited for', async (t) => {
  await make(3, { gather_ms: 60_000 })
  t.same(await claimNotices(pool, LIMITS), [], 'not yet')
  await make(1)
  await make(2, { recipient: 'b@x.vn' })
  await make(1, { channel: 'sms', recipient: '+84912345678' })
  const claimed = await claimNotices(pool, LIMITS)
  const messages = new Map(claimed.map(({ claim_id, recipient }) => [claim_id, recipient]))
  t.same([...messages.values()].sort(), ['+84912345678', 'a@x.vn', 'b@x.vn'])
  t.equal(claimed.filter(({ recipient }) => recipient === 'a@x.vn').length, 4, 'those that waited come along')
  t.same(await claimNotices(pool, LIMITS), [], 'claimed is claimed')
  await make(5)
  t.equal((await claimNotices(pool, { ...LIMITS, perMessage: 3 })).length, 3)
  await make(1, { channel: 'sms', recipient: '+84987654321' })
  t.ok(
    (await claimNotices(pool, { ...LIMITS, channels: ['mail'] })).every(({ channel }) => channel === 'mail'),
    'a channel that is not set up leaves its notices alone',
  )
})

t.test('many at once claim each notice once', async (t) => {
  for (let i = 0; i < 30; i++) await make(4, { recipient: `r${i % 6}@x.vn` })
  const rounds = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const own: string[] = []
      for (let i = 0; i < 6; i++) own.push(...(await claimNotices(pool, LIMITS)).map(({ id }) => id))
      return own
    }),
  )
  const ids = rounds.flat()
  t.equal(new Set(ids).size, ids.length, 'none twice')
  t.equal(ids.length, 120, 'and all')
})

t.test('a contact has its share of an hour; what is more waits', async (t) => {
  for (let i = 0; i < 3; i++) {
    await make(2)
    const [first] = await claimNotices(pool, { ...LIMITS, perHour: 2 })
    if (i < 2) await end(first?.claim_id as string, 'SENT')
    else t.equal(first, undefined, 'the third message waits')
  }
  await make(1, { recipient: 'b@x.vn' })
  t.match(await claimNotices(pool, { ...LIMITS, perHour: 2 }), [{ recipient: 'b@x.vn' }], 'others are not held up')
  await eyes.query(`update notice set claimed_at = claimed_at - interval '1 hour', next_attempt_at = now()`)
  t.equal((await claimNotices(pool, { ...LIMITS, perHour: 2 })).length, 2, 'an hour later')
})

t.test('what surely was not sent is tried again, a number of times; what may have been, never', async (t) => {
  await make(1)
  for (let attempt = 1; attempt <= 3; attempt++) {
    const [notice] = await claimNotices(pool, LIMITS)
    t.equal(notice?.attempts, attempt)
    await end(notice?.claim_id as string, 'WAITING')
    t.same(await end(randomUUID(), 'SENT'), [], "nobody else's claim")
  }
  t.same(await countBy('state'), { FAILED: 1 })

  await make(1)
  const [lost] = await claimNotices(pool, { ...LIMITS, deadlineMs: 1 })
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(await closeLostClaims(pool, 'LT_NTC_INTERRUPTED', 'UNSURE'), 1)
  t.same(await claimNotices(pool, LIMITS), [])
  t.equal((await end(lost?.claim_id as string, 'SENT')).length, 1, 'its own process was only slow, and knows better')
  t.same(await end(lost?.claim_id as string, 'WAITING'), [], 'what was sent stays sent')
  t.same(await countBy('state'), { FAILED: 1, SENT: 1 })
})

t.test('what ended long ago is deleted, the oldest first; what waits or is new stays', async (t) => {
  const aged = async (state: string, days: number): Promise<string> => {
    const [row] = await make(1, { id: newNoticeId(Date.now() - days * 86_400_000), dedupe_key: `${state} ${days}` })
    await eyes.query(
      `update notice set state = $2, ended_at = case when $2 in ('SENT', 'FAILED', 'UNSURE') then now() - make_interval(days => $3) end
        where id = $1`,
      [row?.id, state, days],
    )
    return `${state} ${days}`
  }
  const old = [await aged('SENT', 92), await aged('SENT', 91), await aged('FAILED', 400), await aged('UNSURE', 400)]
  const kept = [await aged('SENT', 80), await aged('FAILED', 92), await aged('UNSURE', 92), await aged('WAITING', 900)]
  // Waited so long that it ended only now.
  const [late] = await make(1, { id: newNoticeId(Date.now() - 100 * 86_400_000), dedupe_key: 'late' })
  await eyes.query(`update notice set state = 'SENT', ended_at = now() where id = $1`, [late?.id])
  const left = async (): Promise<string[]> =>
    (await eyes.query('select dedupe_key from notice')).rows.map(({ dedupe_key }) => dedupe_key).sort()
  const ages = { sentDays: 90, failedDays: 365 }
  t.equal(await deleteOldNotices(pool, ages, 1), 3, 'so many of each kind')
  t.same(await left(), [old[1], ...kept, 'late'].sort(), 'the oldest first')
  t.equal(await deleteOldNotices(pool, ages, 1), 1)
  t.equal(await deleteOldNotices(pool, ages, 1), 0)
  t.same(await left(), [...kept, 'late'].sort())
})

t.test('nobody is silent for the time in which the axis could not be reached', async (t) => {
  const silent = await addSystem('2 hours')
  const found = async (): Promise<string[]> => (await findSilenceChanges(pool, 3_600_000)).map(({ id }) => id)
  const gateway = openPool(database.url('gateway'), { name: 'gateway', max: 1 })
  t.teardown(() => gateway.end())
  t.same(await found(), [], 'no door was ever open')
  await noteDoorUp(gateway)
  t.same(await found(), [], 'open only now')
  const door = (since: string, seen: string) =>
    eyes.query('update door_up set since = now() - $1::interval, seen_at = now() - $2::interval', [since, seen])
  await door('3 hours', '50 seconds')
  t.same(await found(), [silent])
  await noteDoorUp(gateway)
  t.same(await found(), [silent], 'a restart is no outage')
  await door('3 hours', '70 seconds')
  t.same(await found(), [], 'nobody has said for a while that it is open')
  await noteDoorUp(gateway)
  t.same(await found(), [], 'the outage is over, the hour begins anew')
  await door('61 minutes', '1 second')
  t.same(await found(), [silent])
})

t.test('a system is silent once, until it is back', async (t) => {
  await noteDoorUp(eyes)
  await eyes.query(`update door_up set since = now() - interval '3 hours'`)
  const [silent, lively, never] = [await addSystem('2 hours'), await addSystem('1 minute'), await addSystem(null)]
  const push = await addSystem('2 hours')
  const suspended = await addSystem('2 hours')
  await eyes.query(`update system set delivery = 'push', push_url = 'https://x' where id = $1`, [push])
  await eyes.query(`update system set suspended_at = now(), suspended_reason = 'x' where id = $1`, [suspended])
  const changes = await findSilenceChanges(pool, 3_600_000)
  t.same(
    changes.map(({ id }) => id),
    [silent],
  )
  const moved = await Promise.all(Array.from({ length: 5 }, () => changeSilence(pool, changes, [], [])))
  t.equal(
    moved.reduce((sum, { size }) => sum + size, 0),
    1,
    'of five that saw it one tells',
  )
  t.same(await findSilenceChanges(pool, 3_600_000), [])
  await eyes.query('update system set last_polled_at = now() where id = any($1::uuid[])', [[silent, lively, never]])
  const back = await findSilenceChanges(pool, 3_600_000)
  t.match(back, [{ id: silent, back_at: Date }])
  t.equal((await changeSilence(pool, back, [], [])).size, 1)
  t.equal((await changeSilence(pool, back, [], [])).size, 0)
})

t.test('a system that was resumed, or turned to fetching, has its time to begin', async (t) => {
  await noteDoorUp(eyes)
  await eyes.query(`update door_up set since = now() - interval '3 hours'`)
  const console_ = openPool(database.url('console'), { name: 'console', max: 1 })
  const cli = openPool(database.url('cli'), { name: 'cli', max: 1 })
  t.teardown(() => Promise.all([console_.end(), cli.end()]))
  const [resumed, turned, never] = [await addSystem('2 hours'), await addSystem('2 hours'), await addSystem(null)]
  await eyes.query(`update system set suspended_at = now(), suspended_reason = 'x' where id = any($1)`, [
    [resumed, never],
  ])
  await eyes.query(`update system set delivery = 'push', push_url = 'https://x' where id = $1`, [turned])
  t.same(await findSilenceChanges(pool, 3_600_000), [])
  for (const id of [resumed, never]) t.equal(await operateSystem(console_, { id, reason: null }, []), 'changed')
  await changeSystem(cli, `s${turned.slice(0, 8)}`, { delivery: 'pull' })
  t.same(await findSilenceChanges(pool, 3_600_000), [], 'not at once')
  await changeSystem(cli, `s${turned.slice(0, 8)}`, { name: 'y' })
  await eyes.query(`update system set fetches_since = fetches_since - interval '61 minutes'`)
  t.same(
    (await findSilenceChanges(pool, 3_600_000)).map(({ id }) => id).sort(),
    [resumed, turned].sort(),
    'an hour later',
  )
})

t.test('clocks are begun in the order of their ids, whatever the order of the log', async (t) => {
  const ids = [randomUUID(), randomUUID()].sort() as [string, string]
  const at = new Date().toISOString()
  const { rows } = await eyes.query('select epoch, index from clock_cursor')
  const seen = { epoch: rows[0].epoch, index: Number(rows[0].index) }
  const arm = (step: number) =>
    armClocks(pool, {
      seen: { ...seen, index: seen.index + step },
      next: { ...seen, index: seen.index + step + 1 },
      clocks: ids.toReversed().map((id) => ({ consignment_id: id, dispatch_id: id, since: at, due_at: at })),
      late: [],
      notices: [],
      entries: [],
    })
  t.equal(await arm(0), true)
  const client = await eyes.connect()
  await client.query('begin')
  const lock = (id: string) => client.query('select from consignment_clock where consignment_id = $1 for update', [id])
  await lock(ids[0])
  const again = arm(1)
  await new Promise((resolve) => setTimeout(resolve, 300))
  await t.resolves(lock(ids[1]), 'who goes by ids meets nobody who went the other way')
  await client.query('commit')
  client.release()
  t.equal(await again, true)
})
