import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { unbarCluster } from '../../services/cli/backup/bar-cluster.ts'
import { copyCluster } from '../../services/cli/backup/copy-cluster.ts'
import { copyContent } from '../../services/cli/backup/copy-content.ts'
import { areTogether, checkKeys, copyKeys } from '../../services/cli/backup/copy-keys.ts'
import { claimEmpty } from '../../services/cli/backup/empty-place.ts'
import { judgeArchive } from '../../services/cli/backup/judge-archive.ts'
import { noteEpoch, readEpochs } from '../../services/cli/backup/known-epochs.ts'
import { readCheckpoint } from '../../services/cli/backup/last-checkpoint.ts'
import { findBackup, readManifest, writeManifest } from '../../services/cli/backup/manifest.ts'
import { needProgram } from '../../services/cli/backup/need-program.ts'
import { pruneBackups } from '../../services/cli/backup/prune-backups.ts'
import { recheckCopies, shareOf, wholeAgain } from '../../services/cli/backup/recheck-copies.ts'
import { lastLines } from '../../services/cli/backup/run-program.ts'
import { runCli } from '../../services/cli/run-cli.ts'
import { sha256 } from '../harness/world.ts'

const folder = mkdtempSync(join(tmpdir(), 'lt-unit-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const still = { signal: new AbortController().signal, onProgress: () => undefined }

t.test('content: only what is new, held to the digest of its name', async (t) => {
  const [from, to] = [join(folder, 'blobs'), join(folder, 'copy')]
  const place = join(from, '2026-11', '019abcde-0000-7000-8000-000000000001')
  mkdirSync(place, { recursive: true })
  mkdirSync(join(from, 'incoming'))
  mkdirSync(to)
  const name = sha256(Buffer.from('một')).toString('hex')
  writeFileSync(join(place, name), 'một')
  writeFileSync(join(from, 'incoming', 'half'), 'x')
  const first = await copyContent(from, to, join(folder, 'list'), still)
  t.match(first, { files: 1, bytes: 5, copied: 1 })
  const list = readFileSync(join(folder, 'list'))
  t.equal(list.toString(), `2026-11/019abcde-0000-7000-8000-000000000001/${name} 5\n`)
  t.equal(sha256(list).toString('hex'), first.listSha256)
  t.match(await copyContent(from, to, join(folder, 'list'), still), { files: 1, copied: 0 })
  writeFileSync(join(place, 'f'.repeat(64)), 'not what its name says')
  const wrong = `2026-11/019abcde-0000-7000-8000-000000000001/${'f'.repeat(64)}`
  t.match(await copyContent(from, to, join(folder, 'list'), still), { files: 1, damaged: [wrong] })
  t.match(await copyContent(join(folder, 'none'), to, join(folder, 'list'), still), { files: 0 })
  await t.rejects(
    copyContent(from, to, '/dev/full', still),
    { code: 'LT_CLIENT_FOLDER_UNUSABLE', message: /\/dev\/full/ },
    'a list that does not fit on the disk ends the run with a code and its name',
  )
})

t.test(
  'content: copies of earlier backups are read again; what rotted is told, and made anew where it can be',
  async (t) => {
    const [from, to] = [join(folder, 'kept'), join(folder, 'copies')]
    const place = '2026-11/019abcde-0000-7000-8000-000000000002'
    const path = (text: string): string => `${place}/${sha256(Buffer.from(text)).toString('hex')}`
    mkdirSync(join(from, place), { recursive: true })
    mkdirSync(to)
    for (const text of ['một', 'hai', 'sáu']) writeFileSync(join(from, path(text)), text)
    const copy = (rotten: readonly string[]) => copyContent(from, to, join(folder, 'list2'), { ...still, rotten })
    t.match(await copy([]), { copied: 3 })
    t.same(await recheckCopies(to, 'all', still), { files: 3, rotten: [] })
    for (const text of ['một', 'hai', 'sáu']) writeFileSync(join(to, path(text)), 'x'.repeat(Buffer.byteLength(text)))
    // Its source is gone from the axis, as by retention; that of another rotted as well.
    rmSync(join(from, path('hai')))
    writeFileSync(join(from, path('sáu')), 'xxxx')
    t.match(await copy([]), { files: 2, copied: 0, damaged: [] }, 'sizes alone say nothing')
    const { rotten } = await recheckCopies(to, 'all', still)
    t.same(rotten, ['một', 'hai', 'sáu'].map(path).sort())
    const shares = await Promise.all([...'0123456789abcdef'].map((share) => recheckCopies(to, share, still)))
    t.same(shares.flatMap((each) => each.rotten).sort(), rotten, 'after all shares as well')
    const days = Array.from({ length: 16 }, (_, day) => shareOf(new Date(Date.UTC(2026, 10, 1 + day))))
    t.equal(new Set(days).size, 16)
    t.match(await copy(rotten), { files: 1, copied: 0, damaged: [path('sáu')] })
    t.equal(readFileSync(join(to, path('một')), 'utf8'), 'một')
    t.same(await wholeAgain(to, rotten), {
      mended: [path('một')],
      rotten: rotten.filter((each) => each !== path('một')),
    })
  },
)

t.test('keys: an exchanged key replaces the older one, even of the same size', async (t) => {
  const [from, to] = [join(folder, 'keys'), join(folder, 'keys-copy')]
  mkdirSync(join(from, 'ca'), { recursive: true })
  for (const text of ['old', 'new']) {
    writeFileSync(join(from, 'ca', 'root.pem'), text)
    t.equal(await copyKeys(from, to), 1)
    t.equal(readFileSync(join(to, 'ca', 'root.pem'), 'utf8'), text)
  }
  mkdirSync(join(folder, 'elsewhere'))
  writeFileSync(join(folder, 'elsewhere', 'receipt.key.pem'), 'linked')
  symlinkSync(join(folder, 'elsewhere', 'receipt.key.pem'), join(from, 'receipt.key.pem'))
  symlinkSync('ca', join(from, 'again'))
  t.equal(await copyKeys(from, to), 2, 'what a link names is a key as well')
  t.equal(readFileSync(join(to, 'receipt.key.pem'), 'utf8'), 'linked')
  symlinkSync(join(folder, 'elsewhere'), join(from, 'out'))
  await t.rejects(
    copyKeys(from, to),
    { code: 'LT_BACKUP_KEYS_UNUSABLE', message: /out/ },
    'a folder that lies elsewhere',
  )
  rmSync(join(from, 'out'))
  rmSync(join(from, 'receipt.key.pem'))
  for (const wrong of [from, join(folder, 'nowhere')])
    await t.rejects(checkKeys(wrong), { code: 'LT_BACKUP_KEYS_UNUSABLE', message: /receipt\.key\.pem/ })
  t.ok(areTogether('/a/b', '/a'))
  t.ok(areTogether('/a', '/a/b'))
  t.ok(areTogether('/a', '/a'))
  t.notOk(areTogether('/a/b', '/a/bc'))
  t.notOk(areTogether('/a/b', '/a/..b'))
  symlinkSync(folder, join(folder, 'keys-copy', 'link'))
  t.ok(areTogether(join(folder, 'keys-copy/link/backups/new'), join(folder, 'backups')), 'by another name')
})

t.test('manifest: content before the end of the base is no backup; nor is a folder without a manifest', async (t) => {
  const base = { timeline: 1, startLsn: '0/1', endLsn: '0/2', files: 1, manifestSha256: 'a' }
  const content = { files: 0, bytes: 0, copied: 0, damaged: [], listSha256: 'b' }
  const write = async (name: string, baseEnded: string, contentBegun: string): Promise<string> => {
    const path = join(folder, 'backups', name)
    mkdirSync(path, { recursive: true })
    const log = { epoch: 0, origin: 'lienthong/x', size: 1 }
    const about = { format: 1, label: name, database: 'd', serverVersion: '15', schema: '0010', log }
    await writeManifest(path, {
      ...about,
      base: { ...base, begun: '2026-11-20T00:00:00.000Z', ended: baseEnded },
      content: { ...content, begun: contentBegun, ended: contentBegun },
    })
    return path
  }
  const good = await write('good', '2026-11-20T00:00:01.000Z', '2026-11-20T00:00:01.000Z')
  const wrong = await write('wrong', '2026-11-20T00:00:03.000Z', '2026-11-20T00:00:02.000Z')
  mkdirSync(join(folder, 'backups', 'half.partial'))
  t.match(await readManifest(good), { label: 'good' })
  await t.rejects(readManifest(wrong), { code: 'LT_BACKUP_DAMAGED' })
  const all = ['good', 'wrong', 'half.partial', 'content']
  await t.rejects(
    findBackup(join(folder, 'backups'), all),
    { code: 'LT_BACKUP_DAMAGED', message: /wrong/ },
    'never an older one in silence',
  )
  rmSync(wrong, { recursive: true })
  writeFileSync(join(folder, 'backups', 'notes'), '')
  t.equal(await findBackup(join(folder, 'backups'), [...all, 'notes', 'none']), good)
  const text = readFileSync(join(good, 'manifest.json'), 'utf8')
  for (const short of ['', text.slice(0, -20), '{}', 'null', text.replace(/"ended": "[^"]*"/g, '"ended": 1')]) {
    writeFileSync(join(good, 'manifest.json'), short)
    await t.rejects(readManifest(good), { code: 'LT_BACKUP_DAMAGED' }, `truncated to ${short.length}`)
  }
  writeFileSync(join(good, 'manifest.json'), text)
  t.equal(await findBackup(good, ['manifest.json']), good)
  await t.rejects(findBackup(folder, ['half.partial']), { code: 'LT_BACKUP_DAMAGED' })
  t.equal(await readEpochs(good), 0)
  await noteEpoch(good, 3)
  await noteEpoch(good, 2)
  t.equal(await readEpochs(good), 3)
})

t.test('older backups are given up, with the content that no kept one names', async (t) => {
  const to = join(folder, 'series')
  const [a, b] = ['a', 'b'].map((name) => name.repeat(64)) as [string, string]
  const lot = (n: number): string => `2026-11/0191c0de-0000-7000-8000-00000000000${n}`
  const put = (path: string): void => {
    mkdirSync(join(to, 'content', path), { recursive: true })
    for (const name of [a, b]) writeFileSync(join(to, 'content', path, name), 'x')
  }
  for (const n of [1, 2, 3]) put(lot(n))
  const write = async (name: string, day: number, lines: readonly string[]): Promise<void> => {
    const at = `2026-11-0${day}T00:00:00.000Z`
    mkdirSync(join(to, name, 'postgres'), { recursive: true })
    const list = lines.map((line) => `${line} 1\n`).join('')
    writeFileSync(join(to, name, 'content.txt'), list)
    const segment = `0000000100000000000000${String(day * 16).padStart(2, '0')}`
    writeFileSync(join(to, name, 'postgres', 'backup_label'), `START WAL LOCATION: 0/1 (file ${segment})\n`)
    await writeManifest(join(to, name), {
      ...{ format: 1, label: name, database: 'd', serverVersion: '15', schema: '0010' },
      log: { epoch: 0, origin: 'lienthong/x', size: 1 },
      base: { timeline: 1, startLsn: '0/1', endLsn: '0/2', files: 1, manifestSha256: 'a', begun: at, ended: at },
      content: {
        ...{ files: 0, bytes: 0, copied: 0, damaged: [], begun: at, ended: at },
        listSha256: sha256(Buffer.from(list)).toString('hex'),
      },
    })
  }
  await write('first', 1, [`${lot(1)}/${a}`, `${lot(2)}/${a}`])
  await write('second', 2, [`${lot(2)}/${a}`])
  await write('third', 3, [`${lot(2)}/${a}`, `${lot(3)}/${a}`, `${lot(3)}/${b}`])
  t.same(await pruneBackups(to, 3), { backups: [], files: 0, segments: 0 }, 'as many as are to be kept')
  mkdirSync(join(to, 'fourth.partial'))
  await t.rejects(pruneBackups(to, 1), { code: 'LT_BACKUP_UNFINISHED' }, 'never beside one that is being taken')
  rmSync(join(to, 'fourth.partial'), { recursive: true })
  writeFileSync(join(to, 'second', 'manifest.json'), '{')
  await t.rejects(pruneBackups(to, 1), { code: 'LT_BACKUP_DAMAGED' }, 'nor while one cannot be read')
  await write('second', 2, [`${lot(2)}/${a}`])
  writeFileSync(join(to, 'third', 'content.txt'), `${lot(2)}/${a} 1\n`)
  await t.rejects(
    pruneBackups(to, 2),
    { code: 'LT_BACKUP_DAMAGED', message: /content\.txt/ },
    'nor by a list cut short',
  )
  rmSync(join(to, 'third', 'content.txt'))
  await t.rejects(pruneBackups(to, 2), { code: 'LT_BACKUP_DAMAGED', message: /content\.txt/ }, 'nor without a list')
  await write('third', 3, [`${lot(2)}/${a}`, `${lot(3)}/${a}`, `${lot(3)}/${b}`])
  t.same(readdirSync(to).sort(), ['content', 'first', 'second', 'third'], 'a refusal gives up nothing')
  const wal = join(folder, 'wal')
  mkdirSync(wal)
  const old = ['000000010000000000000016', '000000010000000000000031', '000000010000000000000010.00000028.backup']
  const needed = ['000000010000000000000032', '000000020000000000000040.partial', '00000002.history', 'notes']
  for (const name of [...old, ...needed]) writeFileSync(join(wal, name), '')
  await t.rejects(pruneBackups(to, 2, join(folder, 'no-wal')), { code: 'LT_BACKUP_WAL_INCOMPLETE' })
  writeFileSync(join(to, 'content', 'notes'), '')
  t.same(await pruneBackups(to, 2, wal), { backups: ['first'], files: 3, segments: 3 })
  t.same(readdirSync(wal).sort(), needed.sort(), 'from the first segment on that the oldest kept one begins in')
  mkdirSync(join(to, 'prune.partial', 'dead'), { recursive: true })
  await t.rejects(pruneBackups(to, 2), { code: 'LT_BACKUP_UNFINISHED', message: /prune\.partial/ }, 'a run was killed')
  rmSync(join(to, 'prune.partial'), { recursive: true })
  t.same(readdirSync(to).sort(), ['content', 'second', 'third'])
  t.same(readdirSync(join(to, 'content/2026-11')).length, 2, 'nothing of the first dispatch is left')
  t.same(readdirSync(join(to, 'content', lot(2))), [a])
  t.same(readdirSync(join(to, 'content', lot(3))).sort(), [a, b])
})

t.test('a cluster half restored starts for nobody else, and has its own settings again afterwards', async (t) => {
  const [base, data] = [join(folder, 'base'), join(folder, 'data')]
  mkdirSync(base)
  mkdirSync(data)
  const own = "work_mem = '8MB'\n"
  writeFileSync(join(base, 'postgresql.auto.conf'), own)
  writeFileSync(join(base, 'standby.signal'), '')
  await copyCluster(base, data, {}, still.signal)
  t.same(readdirSync(data).sort(), ['postgresql.auto.conf', 'recovery.signal'], 'it is no standby')
  t.match(readFileSync(join(data, 'postgresql.auto.conf'), 'utf8'), /hba_file = .*not-finished/)
  await unbarCluster(data, {})
  t.equal(readFileSync(join(data, 'postgresql.auto.conf'), 'utf8'), own)
  await t.rejects(copyCluster(join(folder, 'no-base'), data, {}, still.signal), { code: 'LT_BACKUP_PROGRAM_FAILED' })
})

t.test('places are empty or refused', async (t) => {
  const place = join(folder, 'place')
  await claimEmpty(place)
  await claimEmpty(place)
  writeFileSync(join(place, 'x'), '')
  await t.rejects(claimEmpty(place), { code: 'LT_BACKUP_PLACE_IN_USE' })
})

t.test('a checkpoint is origin, size and root; anything else is none', async (t) => {
  const file = join(folder, 'checkpoint')
  const root = sha256(Buffer.from('x'))
  const read = (text: string) => {
    writeFileSync(file, text)
    return readCheckpoint(file)
  }
  t.same(await read(`axis/epoch-2\n7\n${root.toString('base64')}\n\n— axis AA\n`), {
    origin: 'axis/epoch-2',
    size: 7,
    root: root.toString('hex'),
  })
  const bad = ['', 'axis\n07\nAAAA\n', `axis\n-1\n${root.toString('base64')}\n`, `\n1\n${root.toString('base64')}\n`]
  for (const text of bad) await t.rejects(read(text), { code: 'LT_BACKUP_CHECKPOINT_UNREADABLE' })
  await t.rejects(readCheckpoint(join(folder, 'none')), { code: 'LT_BACKUP_CHECKPOINT_UNREADABLE' })
})

t.test('an archive is judged by its newest attempt', (t) => {
  const at = (second: number): Date => new Date(second * 1000)
  const judge = (archive_mode: string, archived?: number, failed?: number) =>
    judgeArchive({
      archive_mode,
      last_archived_at: archived === undefined ? null : at(archived),
      last_failed_at: failed === undefined ? null : at(failed),
    })
  t.equal(judge('off', 1), 'off')
  t.equal(judge('on'), 'nothing-yet')
  t.equal(judge('on', 2, 1), 'good')
  t.equal(judge('on', 1, 2), 'failing')
  t.equal(judge('on', undefined, 2), 'failing')
  t.end()
})

t.test('what a program said, and one that is missing, by name', (t) => {
  t.equal(lastLines('1/2 kB\r2/2 kB\npg_basebackup: error: no room\n'), 'pg_basebackup: error: no room')
  t.equal(lastLines('a\n\nb\n'), 'a; b')
  t.throws(() => needProgram('pg_no_such_program'), {
    code: 'LT_CONF_PROGRAM_MISSING',
    message: /pg_no_such_program/,
  })
  t.end()
})

t.test('command lines that are wrong end with 64, missing settings with 78', async (t) => {
  const run = async (...args: string[]) => {
    let err = ''
    const streams = { stdout: { write: () => true }, stderr: { write: (text: string) => (err += text) } }
    return { code: await runCli([...args, '--lang', 'en'], streams, {}), err }
  }
  t.match(await run('backup'), { code: 64, err: /--to/ })
  t.match(await run('backup', '--to', folder, '--label', '../x'), { code: 64, err: /label/ })
  t.match(await run('backup', '--to', folder), { code: 78, err: /lt_backup[\s\S]*BLOB_DIR/ })
  const restore = ['restore', '--from', folder, '--to', join(folder, 'd'), '--content', join(folder, 'c')]
  t.match(await run(...restore, '--until', 'yesterday'), { code: 64, err: /--until/ })
  t.match(await run(...restore, '--until', '2026-11-20T08:00:00'), { code: 64, err: /zone/ })
  t.match(await run(...restore, '--wal', "/a'b"), { code: 64, err: /--wal/ })
  t.match(await run('drill', '--receipts', folder), { code: 64, err: /--trust/ })
})
