import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { foldersOf, makeFolders } from '../../deploy/local/folders.ts'
import { installPrograms } from '../../deploy/local/install-programs.ts'
import { withLock } from '../../deploy/local/lock.ts'
import { identify, isAlive } from '../../deploy/local/process-identity.ts'
import { databaseUrl, ensurePostgres, makeRoles, openState } from '../../deploy/local/start-servers.ts'
import { type LocalState, readState } from '../../deploy/local/state.ts'
import { stopServers } from '../../deploy/local/stop-servers.ts'
import { type Connection, knownMigrations, migrate, openConnection } from '../../libs/store/index.ts'

/** The cluster all test files share, under `.local/test`; `make down` stops it. */
export const TEST_FOLDERS = foldersOf(join(foldersOf().base, 'test'))

export interface SharedCluster {
  readonly state: LocalState
  /** An up-to-date database that each test file clones. */
  readonly template: string
}

/** Starts the shared cluster where it is not running, and migrates its template database once per set of migrations. */
export async function sharedCluster(): Promise<SharedCluster> {
  makeFolders(TEST_FOLDERS)
  return await withLock(TEST_FOLDERS.lock, async () => {
    const tell = (line: string): void => void process.stderr.write(`${line}\n`)
    installPrograms(['postgres', 'initdb', 'psql'], tell)
    const state = await openState(TEST_FOLDERS, tell)
    await ensurePostgres(TEST_FOLDERS, state, () => undefined)
    const template = `lt_template_${await migrationsHash()}`
    const admin = await openAdmin(state)
    try {
      if (!(await exists(admin, template))) await makeTemplate(admin, state, template)
    } finally {
      await admin.end()
    }
    return { state, template }
  })
}

/** Whether somebody else started it already: then it is not ours to stop. */
export function clusterIsRunning(): boolean {
  return isAlive(readState(TEST_FOLDERS.state)?.processes.postgres)
}

export async function stopSharedCluster(): Promise<void> {
  await withLock(TEST_FOLDERS.lock, () => stopServers(TEST_FOLDERS))
}

export function openAdmin(state: LocalState): Promise<Connection> {
  return openConnection(databaseUrl(state, 'postgres', 'postgres'), 'lienthong test harness')
}

async function migrationsHash(): Promise<string> {
  const known = await knownMigrations()
  return createHash('sha256')
    .update(known.map(({ checksum }) => checksum).join())
    .digest('hex')
    .slice(0, 16)
}

async function exists(admin: Connection, database: string): Promise<boolean> {
  return (await admin.query('select from pg_database where datname = $1', [database])).rowCount === 1
}

/** Built under another name and renamed, so that a template that exists is a finished one. */
async function makeTemplate(admin: Connection, state: LocalState, template: string): Promise<void> {
  await makeRoles(state)
  await dropLeftovers(admin)
  const building = `lt_building_${process.pid}`
  await admin.query(`drop database if exists ${building}`)
  await admin.query(`create database ${building} owner lt_owner template template0`)
  await migrate(databaseUrl(state, 'owner', building))
  await admin.query(`alter database ${building} rename to ${template}`)
}

/** Templates of other migrations, and databases of test processes that died. */
async function dropLeftovers(admin: Connection): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    `select datname from pg_database where datname ~ '^lt_(template|building|test)_'`,
  )
  for (const { datname } of rows) {
    const owner = /^lt_(?:test|building)_(\d+)/.exec(datname)
    if (!owner || !identify(Number(owner[1]))) await admin.query(`drop database if exists ${datname} with (force)`)
  }
}
