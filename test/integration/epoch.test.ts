import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { addOperator, sealEntry } from '../../libs/pipeline/index.ts'
import { clusterOwner } from '../../libs/runtime/index.ts'
import { openConnection, readLogEnd, sequenceEntries, tryLeadSequencer } from '../../libs/store/index.ts'
import { readCheckpoint } from '../../services/cli/backup/last-checkpoint.ts'
import { openNextEpoch } from '../../services/cli/backup/open-next-epoch.ts'
import { runCluster } from '../../services/cli/backup/run-cluster.ts'
import { takeBase } from '../../services/cli/backup/take-base.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { createDatabase } from '../harness/harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'lt-epoch-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const database = await createDatabase(t)
const signal = new AbortController().signal

t.test(
  'a new epoch: entry 0 says what was before it, what waited follows, and nobody sequences meanwhile',
  async (t) => {
    const owner = await openConnection(database.url('owner'), 'owner')
    const audit = await openConnection(database.url('audit'), 'audit')
    t.teardown(() => Promise.all([owner.end(), audit.end()]))
    const append = async (): Promise<string> => {
      const entry = sealEntry({ event: 'SystemSilent', details: {} }, new Date())
      await owner.query(
        `with e as (insert into audit_entry (id, event, event_time, details_digest, leaf_hash)
         values ($1, $2, $3, decode($4, 'hex'), decode($5, 'hex')))
       insert into audit_pending (entry_id, leaf_hash) values ($1, decode($5, 'hex'))`,
        [entry.id, entry.event, entry.event_time, entry.details_digest, entry.leaf_hash],
      )
      return entry.id
    }
    await append()
    t.equal(await tryLeadSequencer(audit), true)
    await sequenceEntries(audit, 0, 0, 10)
    const pending = await append()
    const { origin } = await readLogEnd(owner)
    const told: number[] = []
    const open = (known: number, signed?: string) =>
      openNextEpoch(owner, {
        lastSigned: signed === undefined ? undefined : { origin: signed, size: 9, root: 'ab'.repeat(32) },
        known,
        onNumber: async (epoch) => void told.push(epoch),
        by: { operator: 'lan' },
      })
    await t.rejects(open(0), { code: 'LT_BACKUP_LOG_BUSY' }, 'a sequencer leads')
    await audit.query('select pg_advisory_unlock_all()')
    const first = await open(0)
    t.match(first, {
      epoch: 1,
      origin: new RegExp(`^${origin}/epoch-1-[0-9a-f]{8}$`),
      previousOrigin: origin,
      restoredSize: 1,
    })
    const leaf = await owner.query(`select encode(leaf_hash, 'hex') as hash from log_leaf where epoch = 0`)
    t.match(first.restoredRoot, /^[0-9a-f]{64}$/)
    t.equal(first.restoredRoot, leaf.rows[0].hash, 'the root of one leaf is the leaf')
    await tryLeadSequencer(audit)
    const end = await readLogEnd(audit)
    t.match(end, { epoch: 1, nextIndex: 1 })
    await sequenceEntries(audit, end.epoch, end.nextIndex, 10)
    const { rows } = await owner.query('select entry_id from log_leaf where epoch = 1 and index = 1')
    t.same(rows, [{ entry_id: pending }])
    await audit.query('select pg_advisory_unlock_all()')
    const fifth = await open(4)
    t.match(fifth, { epoch: 5, origin: new RegExp(`^${origin}/epoch-5-[0-9a-f]{8}$`) }, 'known from the backups')
    const eighth = fifth.origin.replace('epoch-5', 'epoch-8')
    t.match(await open(0, eighth), { epoch: 9 }, 'known from the checkpoint')
    t.same(told, [1, 1, 5, 9], 'each number told before it is used')
  },
)

t.test('what PostgreSQL refuses is told in its words', async (t) => {
  const wrong = database.url('backup').replace(/:[^:@]+@/, ':wrong@')
  const take = { folder: join(folder, 'base'), label: 'x', signal, onProgress: () => undefined }
  await t.rejects(takeBase({ url: wrong, ...take }), {
    code: 'LT_BACKUP_PROGRAM_FAILED',
    message: /pg_basebackup.*password authentication failed/s,
  })
  const owner = clusterOwner()
  const data = mkdtempSync(join(tmpdir(), 'lt-none-'))
  t.teardown(() => rmSync(data, { recursive: true }))
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(data, owner.uid, owner.gid)
  const recovery = { data, owner, database: 'lienthong', settings: {}, signal, onWaiting: () => undefined }
  await t.rejects(
    runCluster(recovery, async () => undefined),
    { code: 'LT_BACKUP_RECOVERY_FAILED', message: /not a valid data directory|PG_VERSION/ },
  )
})

t.test('after a fail-over the log goes on under a new origin by command, each time another', async (t) => {
  const owner = await openConnection(database.url('owner'), 'owner')
  t.teardown(() => owner.end())
  const { key } = await addOperator(owner, { name: 'lan', role: 'administrator' }, undefined, 'test')
  const environment = { DATABASE_URL: database.url('owner'), LIENTHONG_OPERATOR: key }
  const [first, second] = [await runEpoch(environment), await runEpoch(environment)]
  t.match(second.previousOrigin, first.origin)
  t.equal(second.epoch, first.epoch + 1)
  const [file, root] = [join(folder, 'checkpoint'), Buffer.alloc(32, 7)]
  const checkpoint = (origin: string): void => writeFileSync(file, `${origin}\n90\n${root.toString('base64')}\n`)
  const ahead = second.origin.replace(/epoch-\d+/, 'epoch-40')
  checkpoint(ahead)
  const third = await runEpoch(environment, '--last-checkpoint', file)
  t.match(third, { epoch: 41, previousOrigin: second.origin }, 'never one that anybody has seen signed')
  const { rows } = await owner.query(
    `select a.details::json as details from log_leaf l join audit_detail a on a.entry_id = l.entry_id
     where l.epoch = 41 and l.index = 0`,
  )
  const { origin, previousOrigin, restoredSize, restoredRoot } = third
  const lastSigned = { origin: ahead, size: 90, root: root.toString('hex') }
  t.match(rows, [{ details: { origin, previousOrigin, restoredSize, restoredRoot, lastSigned, operator: 'lan' } }])
  checkpoint('other.example/epoch-70')
  await t.rejects(
    openNextEpoch(owner, {
      lastSigned: await readCheckpoint(file),
      known: 0,
      onNumber: () => Promise.reject(new Error('used')),
      by: { operator: 'lan' },
    }),
    { code: 'LT_BACKUP_CHECKPOINT_FOREIGN' },
    'the checkpoint of another log',
  )
  const stream = { write: () => true }
  const nobody = runCli(
    ['epoch', '--reason', 'x'],
    { stdout: stream, stderr: stream },
    { DATABASE_URL: database.url('owner') },
  )
  t.equal(await nobody, EXIT_CODES.forbidden, 'by somebody who has a name')
})

async function runEpoch(environment: Record<string, string>, ...args: string[]) {
  let out = ''
  const streams = { stdout: { write: (text: string) => (out += text) }, stderr: { write: () => true } }
  t.equal(await runCli(['epoch', '--json', '--reason', 'máy chủ hỏng', ...args], streams, environment), 0)
  return JSON.parse(out)
}

t.test('an archive that is off ends with 1', async (t) => {
  let out = ''
  const streams = { stdout: { write: (text: string) => (out += text) }, stderr: { write: () => true } }
  const code = await runCli(['backup', '--wal-only', '--json'], streams, { DATABASE_URL: database.url('cli') })
  t.equal(code, 1)
  t.match(JSON.parse(out), { verdict: 'off', archive_mode: 'off', standbys: [] })
})
