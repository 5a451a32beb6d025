import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createClient, openSigner } from '../../libs/client/index.ts'
import type { DemoSystem } from '../../services/cli/demo/seed.ts'
import { writeDocument } from '../crash/write-document.ts'
import { startPrivateCluster } from '../harness/harness.ts'
import { seededRandom } from '../harness/seeded-random.ts'
import type { Teardown } from '../harness/teardown.ts'
import { traceCalls } from '../harness/trace-calls.ts'
import { inParallel } from '../harness/traffic.ts'
import { startWorld, type World } from '../harness/world.ts'
import { type Recording, readRecording } from './read-strace.ts'

const CALLS =
  'openat,open,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,write,writev,pwrite64,pwritev,fdatasync,fsync,sendto,sendmsg'
/** Documents are whole in the trace: that of a log write holds all its pages. */
const STRING_BYTES = 4 * 1024 * 1024
const LANES = 3
const READERS = ['H26', 'H26.01', 'H53']

/** A file of a document as its row names it. */
export interface KeptFile {
  readonly dispatch: string
  readonly path: string
  readonly size: number
}

/** Everything that the models of the disk need of one run. */
export interface RecordedRun extends Recording {
  /** The content folder as the run left it. */
  readonly blobDir: string
  readonly files: readonly KeptFile[]
  /** How many parts each dispatch is kept in, in rows or files. */
  readonly parts: ReadonlyMap<string, number>
  /** Each dispatch with the transaction that wrote it. */
  readonly transactions: ReadonlyMap<string, number>
  /** The cluster's home as it lay on disk, shut down in order, before the recording began. */
  readonly base: string
  /** The log when the recording began. */
  readonly walBefore: string
  /** The same after the run. */
  readonly end: string
  /** Address of a copy of the cluster on that port, as superuser. */
  url(port: number): string
  /** Folder for copies, that PostgreSQL may enter. */
  readonly folder: string
}

/** Lets a gateway take documents under strace; `undefined` where tracing is forbidden. */
export async function recordRun(t: Teardown, documents: number, seed: number): Promise<RecordedRun | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-power-'))
  chmodSync(folder, 0o711)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const cluster = await startPrivateCluster(t)
  const world = await startWorld(t, { cluster, services: [], processes: ['gateway'] })
  // A new segment of the log, so that the run needs no second one.
  await world.eyes.query('select pg_switch_wal()')
  const { rows: places } = await world.eyes.query<{ data_directory: string }>('show data_directory')
  const home = dirname(places[0]?.data_directory ?? '')
  const copyHome = async (name: string): Promise<string> => {
    await cluster.stop()
    const copy = join(folder, name)
    mkdirSync(copy, { mode: 0o711 })
    execFileSync('cp', ['-a', `${home}/data`, `${home}/lienthong.conf`, copy])
    return copy
  }
  const base = await copyHome('base')
  await cluster.start()
  await world.start('gateway')
  const pids = [world.processOf('gateway').pid, ...cluster.processes]
  const finish = await traceCalls(t, pids, { calls: CALLS, stringBytes: STRING_BYTES })
  if (!finish) return undefined
  // What was written between the copy and the recording: later flushes of the log cover it.
  const walBefore = join(folder, 'wal-before')
  execFileSync('cp', ['-a', `${home}/data/pg_wal`, walBefore])
  // Written and flushed when PostgreSQL started: it says that the cluster runs, so that a start after the loss has to recover.
  execFileSync('cp', ['-a', `${home}/data/global/pg_control`, join(base, 'data/global/pg_control')])
  await submitDocuments(world, documents, seed)
  const calls = await finish()
  const files = await world.eyes.query<KeptFile>(
    'select dispatch_id as dispatch, path, size from content where path is not null',
  )
  const parts = await world.eyes.query<{ dispatch: string; count: number }>(
    'select dispatch_id as dispatch, count(*)::int as count from content group by 1',
  )
  const written = await world.eyes.query<{ id: string; xid: number }>('select id, xmin::text::int as xid from dispatch')
  await world.stop('gateway')
  const end = await copyHome('end')
  const { blobDir } = world.servers
  return {
    ...readRecording(calls, blobDir),
    blobDir,
    files: files.rows,
    parts: new Map(parts.rows.map(({ dispatch, count }) => [dispatch, count])),
    transactions: new Map(written.rows.map(({ id, xid }) => [id, xid])),
    base,
    walBefore,
    end,
    folder,
    url: (port) => {
      const url = new URL(cluster.url('postgres'))
      url.port = String(port)
      return url.href
    },
  }
}

async function submitDocuments(world: World, documents: number, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const system = world.systems['demo-g12'] as DemoSystem
  const { agencyCode, agencyName, clientKeyPem: key, systemCode } = system
  const signer = openSigner(system.signer.privateKeyPem, system.signer.chain.join('\n'))
  const client = createClient({ baseUrl: world.baseUrl, systemCode, key })
  const numbers = Array.from({ length: documents }, (_, i) => i + 1)
  await inParallel(numbers, LANES, async (number) => {
    const { signed } = await writeDocument({ agencyCode, agencyName, signer, readers: READERS }, number, random)
    await client.submit(signed)
  })
}
