import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type BlobStore, openBlobStore } from '../../libs/blobs/index.ts'
import { newDispatchId } from '../../libs/model/index.ts'

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function freshDir(test: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'lt-blobs-'))
  test.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function keepOne(store: BlobStore, id: string, bytes: Uint8Array): Promise<string> {
  const staged = store.stage()
  await staged.write(bytes)
  await staged.finish()
  const { path } = await staged.keep(id)
  return path as string
}

/** The code of a rejection, so that the tests below read as one line each. */
async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  )
}

t.test('small parts stay in memory, larger ones go to one file under their dispatch', async (t) => {
  const dir = freshDir(t)
  const store = await openBlobStore({ dir, inlineLimit: 100 })
  const small = store.stage()
  await small.write(Buffer.alloc(60, 'a'))
  await small.write(Buffer.alloc(40, 'b'))
  const end = await small.finish()
  t.equal(end.size, 100)
  t.same(end.bytes, Buffer.concat([Buffer.alloc(60, 'a'), Buffer.alloc(40, 'b')]))
  t.same((await collect(small.read({ start: 50, end: 70 }))).toString(), `${'a'.repeat(10)}${'b'.repeat(10)}`)
  const id = newDispatchId(Date.UTC(2026, 0, 31, 23, 59, 59, 999))
  t.equal((await small.keep(id)).path, undefined)
  t.same(readdirSync(join(dir, 'incoming')), [], 'a small part never touches the disk')

  const bytes = randomBytes(3_000_001)
  const large = store.stage()
  for (let at = 0; at < bytes.length; at += 61_111) await large.write(bytes.subarray(at, at + 61_111))
  t.same(await large.finish(), { sha256: sha256(bytes), size: bytes.length })
  t.ok((await collect(large.read())).equals(bytes), 'readable before it is kept')
  t.equal(readdirSync(join(dir, 'incoming')).length, 1)
  const stored = await large.keep(id)
  t.equal(stored.path, `2026-01/${id}/${sha256(bytes).toString('hex')}`)
  t.ok((await collect(large.read())).equals(bytes), 'readable after it is kept')
  await large.discard()
  t.ok((await collect(store.read(stored.path as string))).equals(bytes), 'a kept part outlives its discard')
  t.same(readdirSync(join(dir, 'incoming')), [])
  const range = { start: 262_100, end: 2_000_000 }
  t.ok((await collect(store.read(stored.path as string, range))).equals(bytes.subarray(range.start, range.end)))
  t.same(await collect(store.read(stored.path as string, { start: 5, end: 5 })), Buffer.alloc(0))
})

t.test('many tiny chunks, calls that do not wait, and an empty part', async (t) => {
  const store = await openBlobStore({ dir: freshDir(t), inlineLimit: 5000 })
  const bytes = randomBytes(20_000)
  const staged = store.stage()
  for (const byte of bytes) void staged.write(Uint8Array.of(byte))
  t.same((await staged.finish()).sha256, sha256(bytes))
  t.ok((await collect(staged.read())).equals(bytes))
  await staged.discard()
  const empty = store.stage()
  t.same(await empty.finish(), { sha256: sha256(Buffer.alloc(0)), size: 0, bytes: Buffer.alloc(0) })
  t.same(await collect(empty.read()), Buffer.alloc(0))
})

t.test('concurrent keeps, the same content twice, removal', async (t) => {
  const dir = freshDir(t)
  const store = await openBlobStore({ dir, inlineLimit: 10 })
  const id = newDispatchId()
  const contents = [1, 2, 3, 4, 5, 5, 5].map((byte) => Buffer.alloc(50_000, byte))
  const paths = await Promise.all(contents.map((bytes) => keepOne(store, id, bytes)))
  t.equal(new Set(paths).size, 5)
  for (const [index, path] of paths.entries()) {
    t.ok((await collect(store.read(path))).equals(contents[index] as Buffer))
  }
  t.same(readdirSync(join(dir, 'incoming')), [])
  const ids = Array.from({ length: 40 }, () => newDispatchId())
  const many = await Promise.all(ids.map((one) => keepOne(store, one, randomBytes(100))))
  t.ok(many.every((path) => existsSync(join(dir, path))))
  await store.remove(id)
  await store.remove(id)
  t.equal(await codeOf(collect(store.read(paths[0] as string))), 'LT_STORE_CONTENT_MISSING')
  t.ok((await collect(store.read(many[0] as string))).length === 100, 'other dispatches are untouched')
})

t.test('discard at every stage leaves nothing behind', async (t) => {
  const dir = freshDir(t)
  const store = await openBlobStore({ dir, inlineLimit: 10 })
  const untouched = store.stage()
  const writing = store.stage()
  await writing.write(randomBytes(2_000_000))
  void writing.write(randomBytes(2_000_000))
  const finished = store.stage()
  await finished.write(randomBytes(20))
  await finished.finish()
  for (const staged of [untouched, writing, finished]) {
    await Promise.all([staged.discard(), staged.discard()])
    await staged.discard()
    t.throws(() => staged.write(Buffer.from('x')), TypeError)
  }
  t.same(readdirSync(join(dir, 'incoming')), [])
})

t.test('refusals are coded', async (t) => {
  const dir = freshDir(t)
  const store = await openBlobStore({ dir, inlineLimit: 10 })
  const id = newDispatchId()
  const path = await keepOne(store, id, randomBytes(600_000))
  for (const bad of [
    '../../etc/passwd',
    `${path}/..`,
    path.toUpperCase(),
    `2020-01${path.slice(7)}`,
    `${path}\n`,
    '',
  ]) {
    t.equal(await codeOf(collect(store.read(bad))), 'LT_STORE_CONTENT_MISSING', JSON.stringify(bad))
  }
  await t.rejects(store.remove('../x'), TypeError, 'only ids reach the file system')
  t.equal(await codeOf(collect(store.read(path, { start: 0, end: 600_001 }))), 'LT_STORE_CONTENT_DAMAGED', 'cut short')

  writeFileSync(join(dir, path), 'X', { flag: 'r+' })
  let seen = 0
  const read = (async () => {
    for await (const chunk of store.read(path)) seen += (chunk as Buffer).length
  })()
  t.equal(await codeOf(read), 'LT_STORE_CONTENT_DAMAGED', 'one changed byte')
  t.ok(seen < 600_000, 'a damaged file never arrives complete')

  const full = await openBlobStore({ dir, inlineLimit: 10, minFreeBytes: Number.MAX_SAFE_INTEGER })
  const refused = full.stage()
  void refused.write(randomBytes(20))
  t.equal(await codeOf(refused.finish()), 'LT_STORE_DISK_FULL')
  await refused.discard()
  t.same(readdirSync(join(dir, 'incoming')), [])

  const file = join(dir, 'file')
  writeFileSync(file, '')
  t.equal(await codeOf(openBlobStore({ dir: join(file, 'store') })), 'LT_STORE_NOT_WRITABLE')
})

t.test('a disk that fills up in the middle of a part', async (t) => {
  const dir = freshDir(t)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1500k', 'tmpfs', dir])
  if (mounted.status !== 0) return void t.comment('SKIPPED: no right to mount a small file system here')
  try {
    const store = await openBlobStore({ dir })
    const staged = store.stage()
    const fill = async (): Promise<void> => {
      for (let index = 0; index < 40; index++) await staged.write(randomBytes(100_000))
    }
    t.equal(await codeOf(fill()), 'LT_STORE_DISK_FULL')
    t.equal(await codeOf(staged.finish()), 'LT_STORE_DISK_FULL', 'and it stays refused')
    await staged.discard()
    t.ok(await keepOne(store, newDispatchId(), randomBytes(100_000)), 'the room is free again')
  } finally {
    execFileSync('umount', [dir])
  }
})

t.test('orphans and half-received files', async (t) => {
  const dir = freshDir(t)
  const store = await openBlobStore({ dir, inlineLimit: 10 })
  const old = Date.now() - 48 * 3_600_000
  const ids = [newDispatchId(old), newDispatchId(old), newDispatchId()] as const
  for (const id of ids) await keepOne(store, id, randomBytes(100))
  const find = async (): Promise<string[]> => {
    const found: string[] = []
    const isKnown = async (): Promise<Set<string>> => new Set([ids[0]])
    for await (const id of store.listOrphans({ olderThanMs: 24 * 3_600_000, since: new Date(0), isKnown }))
      found.push(id)
    return found
  }
  t.same(await find(), [], 'an old id with a fresh file is not an orphan yet')
  const month = new Date(old).toISOString().slice(0, 7)
  for (const id of ids.slice(0, 2)) utimesSync(join(dir, month, id), old / 1000, old / 1000)
  t.same(await find(), [ids[1]])

  const staged = store.stage()
  void staged.write(randomBytes(2_000_000))
  await staged.finish()
  t.equal(await store.sweepIncoming(3_600_000), 0)
  const [name] = readdirSync(join(dir, 'incoming'))
  utimesSync(join(dir, 'incoming', name as string), old / 1000, old / 1000)
  t.equal(await store.sweepIncoming(3_600_000), 1)
  await staged.discard()
})

const CHILD = `
import { randomBytes } from 'node:crypto'
import { openBlobStore } from './libs/blobs/index.ts'
const store = await openBlobStore({ dir: process.argv[1] })
const staged = store.stage()
await staged.write(randomBytes(20_000))
await staged.finish()
const { path } = await staged.keep('018f0000-0000-7000-8000-000000000000')
console.log(path)
`

/** System calls of one kept part in order of time, each as `begin …` and `end …`: only an ended call promises anything. */
function traceKeep(test: Test, sabotage: string): string[] | undefined {
  const dir = freshDir(test)
  const log = join(dir, 'trace')
  const calls = 'trace=fdatasync,fsync,rename,renameat,renameat2,mkdir,mkdirat'
  const child = [process.execPath, '--import=tsx', '--input-type=module', '-e', CHILD, join(dir, 'store')]
  const env = { ...process.env, NODE_ENV: 'test', LIENTHONG_SABOTAGE: sabotage }
  const run = spawnSync('strace', ['-f', '-y', '-ttt', '-e', calls, '-o', log, ...child], { encoding: 'utf8', env })
  if (run.error || !existsSync(log) || statSync(log).size === 0) return undefined
  if (run.status !== 0) throw new Error(run.stderr)
  const pending = new Map<string, string>()
  return readFileSync(log, 'utf8')
    .replaceAll(join(dir, 'store'), 'STORE')
    .split('\n')
    .flatMap((line) => {
      const [, pid = '', text = ''] = /^(\d+) +[\d.]+ (.*)$/.exec(line) ?? []
      if (text.includes('resumed>')) return [`end ${pending.get(pid)}`]
      pending.set(pid, text)
      return text.includes('<unfinished') ? [`begin ${text}`] : [`begin ${text}`, `end ${text}`]
    })
}

t.test('what keep has promised survives a loss of power: fdatasync, rename, folder fsync', async (t) => {
  // A planted defect of this run goes into the child too.
  const lines = traceKeep(t, process.env.LIENTHONG_SABOTAGE ?? '')
  if (!lines) return void t.comment('SKIPPED: ptrace is forbidden or strace is missing here')
  const at = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line))
  const folder = 'STORE/2024-04/018f0000-0000-7000-8000-000000000000'
  const data = at(/^end fdatasync\(\d+<STORE\/incoming\//)
  const named = at(new RegExp(`^begin rename.*STORE/incoming/.*${folder}/`))
  const renamed = at(new RegExp(`^end rename.*STORE/incoming/.*${folder}/`))
  t.ok(data >= 0 && data < named, 'data before the name')
  t.ok(renamed < at(new RegExp(`^begin fsync\\(\\d+<${folder}>`)), 'the folder after the name')
  t.ok(at(new RegExp(`^end fsync\\(\\d+<${folder}>`)) > 0, 'and that to its end')
  const made = at(new RegExp(`^end mkdir.*"${folder}"`))
  const monthSynced = at(/^begin fsync\(\d+<STORE\/2024-04>/)
  t.ok(made >= 0 && made < monthSynced && monthSynced < named, 'the month folder holds the new dispatch folder')
  const monthMade = at(/^end mkdir.*"STORE\/2024-04"/)
  t.ok(
    lines.findIndex((line, index) => index > monthMade && /^begin fsync\(\d+<STORE>/.test(line)) > 0,
    'and the store the month',
  )

  const skipped = traceKeep(t, 'skip-fdatasync,skip-folder-fsync') as string[]
  t.ok(skipped.some((line) => /rename/.test(line)))
  t.notOk(
    skipped.some((line) => /fsync|fdatasync/.test(line)),
    'the planted faults are visible to this very test',
  )
})
