import { randomBytes } from 'node:crypto'
import t from 'tap'
import { openConnection } from '../../libs/store/index.ts'
import { envelopePart, filePart, multipart, signedEnvelope } from '../harness/detached.ts'
import { type PrivateCluster, startPrivateCluster } from '../harness/harness.ts'
import { type SystemCall, traceCalls } from '../harness/trace-calls.ts'
import { type Answer, SMALL_PDF, startWorld, type World, type WorldService } from '../harness/world.ts'

// A machine that does other things as well needs its time.
t.setTimeout(400_000)

const SERVICES: readonly WorldService[] = ['routing', 'audit', 'receipts', 'gateway']

async function asSuperuser(cluster: PrivateCluster, ...statements: string[]): Promise<void> {
  const connection = await openConnection(cluster.url('postgres'), 'settings')
  try {
    for (const statement of statements) await connection.query(statement)
  } finally {
    await connection.end()
  }
}

/** One attachment of 20 KB beside its envelope: too large for a row, so it lies in a file. */
function submitFile(world: World): Promise<Answer> {
  const bytes = Buffer.concat([SMALL_PDF, randomBytes(20 * 1024)])
  const file = { contentId: 'tep-1', name: 'tep.pdf', mediaType: 'application/pdf', bytes }
  const { body, headers } = multipart([
    envelopePart(signedEnvelope(world, 'demo-g12', ['H26'], [file])),
    filePart(file),
  ])
  return world.submit('demo-g12', body, headers)
}

t.test('content on disk, then the commit on disk, then the answer', async (t) => {
  const cluster = await startPrivateCluster(t)
  const world = await startWorld(t, { cluster, services: ['gateway'], processes: ['gateway'] })
  t.equal((await submitFile(world)).status, 202, 'connections are open, the month has its folder')
  const backends = await world.eyes.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name like 'lienthong gateway%' and datname = current_database()`,
  )
  const gateway = world.processOf('gateway').pid
  const postmaster = cluster.processes
  const finish = await traceCalls(t, [gateway, ...postmaster])
  if (!finish) {
    t.comment('SKIPPED: ptrace is forbidden or strace is missing here')
    return
  }
  const submitted = await submitFile(world)
  const calls = await finish()
  t.equal(submitted.status, 202)

  const own = new Set(backends.rows.map(({ pid }) => pid))
  const find = (
    what: string,
    pattern: RegExp,
    also: (call: SystemCall) => boolean = () => true,
  ): SystemCall | undefined => {
    const found = calls.findLast((call) => pattern.test(call.text) && also(call))
    t.ok(found, `${what}: ${found?.text.slice(0, 120)}`)
    return found
  }
  const folder = `${world.servers.blobDir}/[0-9]{4}-[0-9]{2}/${submitted.body.dispatch}`
  const data = find('the data of the file', new RegExp(`^fdatasync\\(\\d+<${world.servers.blobDir}/incoming/`))
  const rename = find('its name', new RegExp(`^rename.*${folder}/[0-9a-f]{64}`))
  const named = find('its folder', new RegExp(`^fsync\\(\\d+<${folder}>`))
  const answer = find(
    'the answer',
    /^(write|writev|sendto|sendmsg)\(.*HTTP\/1\.1 202/,
    ({ begun }) => begun > (rename?.begun ?? 0),
  )
  // The flush of the acceptance itself: by a backend of the gateway, not by the background writers; begun after the content was safe.
  const afterContent = ({ pid, begun }: SystemCall): boolean =>
    (own.has(pid) || !postmaster.includes(pid)) && begun >= (named?.ended ?? 0)
  const record = find('its commit record', /^(pwrite64|pwritev|write)\(\d+<[^>]*\/pg_wal\//, afterContent)
  const flush = find('the flush of it', /^(fdatasync|fsync)\(\d+<[^>]*\/pg_wal\//, afterContent)
  if (!data || !rename || !named || !record || !flush || !answer) return
  t.ok(data.ended <= rename.begun, 'fdatasync → rename')
  t.ok(rename.ended <= named.begun, 'rename → folder fsync')
  t.ok(named.ended <= record.begun, 'folder fsync → commit record')
  t.ok(record.ended <= flush.begun, 'commit record → WAL flush')
  t.ok(flush.ended <= answer.begun, 'WAL flush → answer')
  const since = (time: number): string => `${((time - data.begun) * 1000).toFixed(1)} ms`
  t.comment(
    `FIGURES under strace, from the begin of fdatasync: its end ${since(data.ended)}, rename ${since(rename.ended)}, folder fsync ` +
      `${since(named.ended)}, WAL written ${since(record.ended)}, WAL flushed ${since(flush.ended)}, answer ${since(answer.begun)}`,
  )
})

/** Should it start all the same, it is stopped again: the test goes on. */
function startAndStop(world: World, service: WorldService): Promise<void> {
  return world.start(service).then(() => world.stop(service))
}

t.test('no service starts on a database that could not keep a promise', async (t) => {
  const cluster = await startPrivateCluster(t)
  const world = await startWorld(t, { cluster, services: [] })
  for (const setting of ['fsync', 'full_page_writes']) {
    await asSuperuser(cluster, `alter system set ${setting} = off`, 'select pg_reload_conf()')
    await world.until(async () => (await world.eyes.query(`show ${setting}`)).rows[0][setting] === 'off')
    for (const service of SERVICES) {
      await t.rejects(
        startAndStop(world, service),
        { code: 'LT_STORE_UNSAFE_SETTING', params: { setting, value: 'off' } },
        `${service} without ${setting}`,
      )
    }
    await asSuperuser(cluster, `alter system reset ${setting}`, 'select pg_reload_conf()')
    await world.until(async () => (await world.eyes.query(`show ${setting}`)).rows[0][setting] === 'on')
  }
  for (const service of SERVICES) {
    await asSuperuser(cluster, `alter role lt_${service} set synchronous_commit = off`)
    const params = { setting: 'synchronous_commit', value: 'off' }
    await t.rejects(
      startAndStop(world, service),
      { code: 'LT_STORE_UNSAFE_SETTING', params },
      `${service} without synchronous_commit`,
    )
    await asSuperuser(cluster, `alter role lt_${service} reset synchronous_commit`)
  }

  const add = `insert into schema_migration (name, checksum, breaking) values ('9999-later', 'x', `
  await world.eyes.query(`${add} true)`)
  for (const service of SERVICES) {
    const refused = { code: 'LT_STORE_SCHEMA_MISMATCH', params: { migration: '9999-later' } }
    await t.rejects(startAndStop(world, service), refused, `${service} on a schema it does not understand`)
  }
  await world.eyes.query(`update schema_migration set breaking = false where name = '9999-later'`)
  for (const service of SERVICES)
    await t.resolves(startAndStop(world, service), `${service} starts: an addition that older programs can live with`)
})

t.test('a clock that is more than a second off fails readiness, and only as long as it is', async (t) => {
  const world = await startWorld(t, { services: [] })
  const database = new URL(world.servers.database.url('postgres')).pathname.slice(1)
  // The gateway sees a database whose clock is ahead: a function of ours stands before the server's own.
  await world.eyes.query(`alter role lt_gateway in database ${database} set search_path = public, pg_catalog`)
  await world.eyes.query(`create function public.clock_timestamp() returns timestamptz language sql volatile
    return pg_catalog.clock_timestamp() + interval '1500 milliseconds'`)
  await world.start('gateway')
  const ready = async (): Promise<{ status: number; body: { checks: Record<string, string> } }> => {
    const response = await fetch(`${world.baseUrl}/health/ready`)
    return { status: response.status, body: (await response.json()) as { checks: Record<string, string> } }
  }
  const skewed = await ready()
  t.equal(skewed.status, 503)
  t.equal(skewed.body.checks.database, 'LT_STORE_CLOCK_SKEW')
  await world.eyes.query('drop function public.clock_timestamp()')
  const recovered = await world.until(async () => {
    const now = await ready()
    return now.status === 200 && now
  })
  t.equal(recovered.body.checks.database, 'ok')
})
