import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import t from 'tap'
import { PROJECT } from '../../deploy/local/folders.ts'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { clusterOwner } from '../../libs/runtime/index.ts'
import { openConnection } from '../../libs/store/index.ts'
import { runCluster } from '../../services/cli/backup/run-cluster.ts'
import { EXIT_CODES } from '../../services/cli/command.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { archiveFolder, clusterPlace } from '../harness/cluster-place.ts'
import { startPrivateCluster } from '../harness/harness.ts'
import { deliver, inParallel, type Parcel, sayWhole, settle, startReceivers } from '../harness/traffic.ts'
import { SMALL_PDF, sha256, startWorld, type World } from '../harness/world.ts'

// A machine that does other things as well needs its time.
t.setTimeout(300_000)

/** Larger than what lies in rows, so that the content folder has a part in it. */
const LARGE = Buffer.concat([SMALL_PDF, Buffer.alloc(30_000, '% đệm\n')])

function sign(world: World, count: number): Parcel[] {
  const attachments = [{ contentId: 'tb-1', name: 'thong-bao.pdf', mediaType: 'application/pdf', bytes: LARGE }]
  return Array.from({ length: count }, () => {
    const recipients = ['H26', 'H53']
    const packet = world.packet('demo-g12', recipients, { attachments })
    return { system: 'demo-g12', recipients, packet, hash: sha256(packet).toString('hex'), answers: [] }
  })
}

t.test(
  'backup under traffic, everything lost, restore, drill, sent again: each document once, under a new origin',
  async (t) => {
    const cluster = await startPrivateCluster(t)
    const owner = clusterOwner()
    const archive = archiveFolder(t, owner)
    const admin = await openConnection(cluster.url('postgres'), 'admin')
    await admin.query(`alter system set archive_mode = on`)
    // As in deploy/postgres/archive.conf; where the user of the cluster can read it.
    const script = join(archive, 'archive-wal.sh')
    copyFileSync(join(PROJECT, 'deploy/postgres/archive-wal.sh'), script)
    await admin.query(`alter system set archive_command = '${script} %p ${archive}/%f'`)
    await admin.end()
    await cluster.restart()
    const world = await startWorld(t, { cluster })
    const folder = mkdtempSync(join(tmpdir(), 'lt-backup-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const [to, receipts, trust] = [join(folder, 'backups'), join(folder, 'receipts'), join(folder, 'root.pem')]
    mkdirSync(receipts)
    writeFileSync(trust, world.axis.rootPem)
    const env = { BLOB_DIR: world.servers.blobDir, KEY_DIR: world.servers.keyDir }
    mkdirSync(join(folder, 'env'))
    for (const role of ['cli', 'backup'] as const)
      writeFileSync(join(folder, 'env', `${role}.env`), `DATABASE_URL='${cluster.url(role)}'\n`)
    const run = (...args: string[]) => runWith(env, ...args)
    async function runWith(env: Record<string, string>, ...args: string[]) {
      let [out, err] = ['', '']
      const streams = { stdout: { write: (x: string) => (out += x) }, stderr: { write: (x: string) => (err += x) } }
      const code = await runCli([...args, '--lang', 'en', '--json'], streams, {
        ...env,
        LT_ENV_DIR: join(folder, 'env'),
      })
      // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
      return { code, err, body: (out === '' ? {} : JSON.parse(out)) as any }
    }
    async function send(parcels: readonly Parcel[]): Promise<void> {
      await inParallel(parcels, 4, async (parcel) => {
        const { body } = await deliver(world, parcel)
        writeFileSync(join(receipts, `${body.dispatch}.xml`), body.receipt.xml)
      })
    }

    const during = sign(world, 60)
    const sending = send(during)
    await world.until(() => Promise.resolve(during.some(({ dispatch }) => dispatch !== undefined)))
    const first = await run('backup', '--to', to, '--label', 'one', '--keys', join(folder, 'keys'))
    await sending
    t.equal(first.code, EXIT_CODES.done, first.err)
    const keys = readdirSync(env.KEY_DIR, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
    for (const { parentPath, name } of keys) {
      const file = relative(env.KEY_DIR, join(parentPath, name))
      t.same(readFileSync(join(folder, 'keys', file)), readFileSync(join(env.KEY_DIR, file)), `${file} lies apart`)
    }
    t.notMatch(readdirSync(to, { recursive: true }).join(), /\.key\.pem/, 'no key in the backup')
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    for (const [name, code] of [
      ['BLOB_DIR', 'LT_BACKUP_CONTENT_MISSING'],
      ['KEY_DIR', 'LT_BACKUP_KEYS_UNUSABLE'],
    ] as const) {
      const wrong = await runWith({ ...env, [name]: empty }, 'backup', '--to', to, '--keys', join(folder, 'keys'))
      t.match(wrong, { code: EXIT_CODES.refused, err: new RegExp(code) }, `${name} is another folder`)
    }
    t.same(readdirSync(to).sort(), ['content', 'one'], 'a backup that fails leaves nothing')
    t.match(await run('backup', '--to', to, '--label', 'one'), {
      code: EXIT_CODES.refused,
      err: /LT_BACKUP_PLACE_IN_USE/,
    })
    t.match(await run('backup', '--to', to, '--keys', join(to, 'keys')), { code: EXIT_CODES.usage })

    const copies = join(to, 'content')
    const copy = readdirSync(copies, { recursive: true, withFileTypes: true }).find((each) => each.isFile())
    const rotten = join(copy?.parentPath ?? '', copy?.name ?? '')
    writeFileSync(rotten, Buffer.alloc(readFileSync(rotten).length))
    const second = await run('backup', '--to', to, '--label', 'two', '--keep', '1', '--wal', archive, '--verify')
    t.equal(second.code, EXIT_CODES.done, second.err)
    t.match(second.body.copies, { mended: [relative(copies, rotten)], rotten: [] }, 'a copy that rotted is made anew')
    t.equal(second.body.copies.rechecked, first.body.content.files)
    t.equal(second.body.content.files, during.length, 'the content of every document')
    t.match(
      second.body.pruned,
      { backups: ['one'], files: 0, segments: Number },
      'the older one is given up, and nothing the newer one needs',
    )
    t.ok(second.body.content.copied <= second.body.content.files - first.body.content.files, 'only what is new')
    const kept = sign(world, 3)
    await send(kept)
    const { lsn } = (await world.eyes.query('select pg_current_wal_insert_lsn()::text as lsn')).rows[0]
    const switchSegment = async (): Promise<string> => {
      const { rows } = await world.eyes.query('select pg_walfile_name(pg_switch_wal()) as name')
      await world.until(async () => existsSync(join(archive, rows[0].name)), 20_000)
      return rows[0].name
    }
    const middle = await switchSegment()
    const late = sign(world, 5)
    await send(late)
    await switchSegment()
    await world.until(async () => (await run('backup', '--wal-only')).body.last_archived_at, 20_000)
    t.match(await run('backup', '--wal-only'), { code: EXIT_CODES.done, body: { verdict: 'good', archive_mode: 'on' } })
    const before = (await world.eyes.query('select origin from log_origin')).rows[0].origin

    // A point in time out of the archive: rows up to there; content copied before it is named as missing.
    const past = clusterPlace(t)
    const point = await run(
      ...[
        'restore',
        '--from',
        join(to, 'two'),
        '--to',
        past.data,
        '--content',
        join(folder, 'past'),
        '--wal',
        archive,
        '--until',
        lsn,
      ],
    )
    t.equal(point.code, EXIT_CODES.refused, `content copied too early: ${point.err}`)
    t.equal(point.body.content.missing.length, kept.length, 'each named')
    const known = await runCluster(
      {
        data: past.data,
        owner,
        database: 'lienthong',
        settings: {},
        signal: new AbortController().signal,
        onWaiting: () => undefined,
      },
      async (connection) => (await connection.query(`select encode(content_hash, 'hex') as hash from dispatch`)).rows,
    )
    t.same(
      known.map(({ hash }) => hash).sort(),
      [...during, ...kept].map(({ hash }) => hash).sort(),
      'up to the position and not beyond',
    )

    // What would be restored less than whole is refused with its code, and nobody can start what is left of it.
    const half = clusterPlace(t)
    const into = ['restore', '--from', join(to, 'two'), '--to', half.data, '--content', join(folder, 'half')]
    t.match(await run(...into, '--wal', empty), { code: EXIT_CODES.refused, err: /LT_BACKUP_WAL_INCOMPLETE/ })
    const foreign = join(folder, 'foreign')
    writeFileSync(foreign, `other.example\n5\n${sha256(Buffer.from('x')).toString('base64')}\n`)
    t.match(await run(...into, '--last-checkpoint', foreign), {
      code: EXIT_CODES.refused,
      err: /LT_BACKUP_CHECKPOINT_FOREIGN/,
    })
    t.notOk(existsSync(half.data), 'nothing was begun')
    const holed = archiveFolder(t, owner)
    for (const name of readdirSync(archive)) if (name !== middle) cpSync(join(archive, name), join(holed, name))
    t.match(await run(...into, '--wal', holed), { code: EXIT_CODES.refused, err: /LT_BACKUP_WAL_INCOMPLETE/ })
    await t.rejects(startPostgres(half, cluster.port + 1, 'own'), { code: 'LT_CONF_SERVER_FAILED' })
    t.match(readFileSync(join(half.home, 'postgres.log'), 'utf8'), /restore-is-not-finished/)

    // The disaster: cluster, archive and content are gone.
    for (const service of ['gateway', 'receipts', 'audit', 'routing'] as const) await world.stop(service)
    await cluster.kill()
    rmSync(world.servers.blobDir, { recursive: true })
    const place = clusterPlace(t)
    const checkpoint = join(folder, 'checkpoint')
    writeFileSync(checkpoint, `${before}\n500\n${sha256(Buffer.from('root')).toString('base64')}\n\n— axis AAAA\n`)
    const restored = await run(
      ...['restore', '--from', join(to, 'two'), '--to', place.data, '--content', world.servers.blobDir],
      ...['--last-checkpoint', checkpoint],
    )
    t.equal(restored.code, EXIT_CODES.done, restored.err)
    t.same(restored.body.content, { files: during.length, missing: [] })
    t.match(
      restored.body.epoch.origin,
      new RegExp(`^${before}/epoch-2-[0-9a-f]{8}$`),
      'the epoch after the one that was opened from this backup before',
    )
    t.match(await run('restore', '--from', to, '--to', place.data, '--content', join(folder, 'x')), {
      code: EXIT_CODES.refused,
      err: /LT_BACKUP_PLACE_IN_USE/,
    })
    await startPostgres(place, cluster.port, 'own')
    const now = await world.eyes.query('select pg_walfile_name(pg_current_wal_insert_lsn()) as name')
    t.match(now.rows[0].name, /^00000002/, 'a timeline of its own, also without an archive')

    const { rows } = await world.eyes.query(
      `select l.epoch, l.index, e.event, a.details::json as details from log_leaf l join audit_entry e on e.id = l.entry_id
     join audit_detail a on a.entry_id = e.id where l.epoch > 0`,
    )
    t.match(rows, [
      {
        epoch: 2,
        index: 0,
        event: 'LogEpochOpened',
        details: {
          previousOrigin: before,
          restoredSize: restored.body.epoch.restoredSize,
          restoredRoot: /^[0-9a-f]{64}$/,
          lastSigned: { origin: before, size: 500 },
        },
      },
    ])

    t.match(
      await run('drill', '--receipts', empty, '--trust', trust),
      { code: EXIT_CODES.refused, body: { good: 0 } },
      'no receipt says nothing',
    )
    const drill = await run('drill', '--receipts', receipts, '--trust', trust)
    t.equal(drill.code, EXIT_CODES.refused)
    const gone = [...kept, ...late]
    t.same(
      drill.body.lost.map((each: { dispatch: string }) => each.dispatch).sort(),
      gone.map(({ dispatch }) => dispatch).sort(),
      'exactly what was accepted after the backup',
    )
    t.match(drill.body.lost[0], {
      system: 'demo-g12',
      agency: 'G12',
      lost: 'dispatch',
      remedy: 'resend',
      origin: before,
    })

    for (const service of ['routing', 'audit', 'receipts', 'gateway'] as const) await world.start(service)
    await send(gone)
    t.match(
      readFileSync(join(receipts, `${gone[0]?.dispatch}.xml`), 'utf8'),
      new RegExp(`<LogOrigin>${before}/epoch-2-[0-9a-f]{8}<`),
    )
    const receivers = startReceivers(world)
    const outcome = await settle(world, [...during, ...gone], receivers, 60_000)
    await receivers.stop()
    sayWhole(t, outcome, during.length + gone.length)
    const checked = await run('fsck', '--content', '--grace', '0')
    t.same(
      checked.body.findings?.filter((each: { severity: string }) => each.severity !== 'info'),
      [],
      checked.err,
    )
  },
)
