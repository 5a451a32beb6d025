import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BusError } from '../../../libs/errors/index.ts'
import { processEnvironment } from '../../../libs/runtime/index.ts'
import { type Connection, isConnectionLoss, openConnection } from '../../../libs/store/index.ts'
import type { FileOwner } from './copy-file.ts'
import { needProgram } from './need-program.ts'
import { lastLines } from './run-program.ts'

export interface RecoveryOptions {
  readonly data: string
  readonly owner: FileOwner
  readonly database: string
  /** Settings of the recovery (`restore_command`, `recovery_target_…`). */
  readonly settings: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly onWaiting: (seconds: number) => void
}

/**
 * Settings whatever the cluster's own say: nobody reaches it but us, nothing waits for a standby that is gone, nothing is archived
 * among the segments of the axis that was lost, and no setting of a smaller machine keeps it from recovering.
 */
const ALONE: Readonly<Record<string, string>> = {
  listen_addresses: '',
  hot_standby: 'off',
  archive_mode: 'off',
  synchronous_standby_names: '',
  primary_conninfo: '',
  shared_preload_libraries: '',
  ssl: 'off',
  fsync: 'on',
  full_page_writes: 'on',
  logging_collector: 'off',
  log_destination: 'stderr',
  recovery_target_action: 'promote',
}

/**
 * Starts a cluster for ourselves alone, on a socket in a private folder, waits until it has recovered and may be written, does `work` as
 * the owner of the schema, and stops it in order.
 * @throws BusError LT_BACKUP_RECOVERY_FAILED with the end of what PostgreSQL said, LT_CONF_PROGRAM_MISSING
 */
export async function runCluster<T>(
  options: RecoveryOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { data, owner, database, settings } = options
  // Short: the path of a socket has 107 bytes.
  const home = await mkdtemp(join(tmpdir(), 'lt-rec-'))
  const log = join(home, 'log')
  try {
    await writeFile(join(home, 'hba'), 'local all all trust\n')
    await writeFile(join(home, 'ident'), '')
    await writeFile(join(home, 'conf'), '')
    if (owner.uid !== undefined && owner.gid !== undefined) await chown(home, owner.uid, owner.gid)
    const files = { config_file: join(home, 'conf'), hba_file: join(home, 'hba'), ident_file: join(home, 'ident') }
    const all = { ...files, unix_socket_directories: home, ...ALONE, ...settings }
    const out = openSync(log, 'a', 0o600)
    const server = spawn(
      needProgram('postgres'),
      ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...owner, cwd: '/', stdio: ['ignore', out, out], env: { ...processEnvironment(), LC_ALL: 'C' } },
    )
    closeSync(out)
    const ended = new Promise<number | null>((resolve) => {
      server.once('exit', (code) => resolve(code))
      server.once('error', () => resolve(null))
    })
    const run = async (): Promise<T> => {
      const connection = await untilWritable(
        server,
        `postgres://lt_owner@localhost/${database}?host=${home}`,
        log,
        options,
      )
      try {
        return await work(connection)
      } finally {
        await connection.end()
      }
    }
    const done = await run().finally(() => server.kill('SIGINT') && ended)
    // The last checkpoint as well may find no room.
    if ((await ended) !== 0)
      throw new BusError('LT_BACKUP_RECOVERY_FAILED', { reason: lastLines(await readFile(log, 'utf8')) })
    return done
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function untilWritable(
  server: ChildProcess,
  url: string,
  log: string,
  { signal, onWaiting }: RecoveryOptions,
): Promise<Connection> {
  const begun = performance.now()
  for (;;) {
    signal.throwIfAborted()
    if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined)
      throw new BusError('LT_BACKUP_RECOVERY_FAILED', { reason: lastLines(await readFile(log, 'utf8')) })
    const connection = await openConnection(url, 'lienthong restore', 0).catch((error: unknown) => {
      if (isConnectionLoss(error)) return undefined
      throw new BusError('LT_BACKUP_RECOVERY_FAILED', { reason: (error as Error).message }, { cause: error })
    })
    if (connection) return connection
    onWaiting(Math.round((performance.now() - begun) / 1000))
    await sleep(100)
  }
}
