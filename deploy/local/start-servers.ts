import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../../libs/runtime/index.ts'
import { migrate } from '../../libs/store/index.ts'
import { type Folders, makeFolders } from './folders.ts'
import { freePort } from './free-port.ts'
import { installPrograms, SERVER_PROGRAMS } from './install-programs.ts'
import { clusterOf, makeCluster, removeCluster } from './make-cluster.ts'
import { startNats } from './nats.ts'
import { endCluster, startPostgres, untilReady } from './postgres.ts'
import { endProcess, identify, isAlive, type ProcessIdentity } from './process-identity.ts'
import { processesIn } from './processes-in.ts'
import { startRedis } from './redis.ts'
import { databaseRole, SERVICE_ROLES } from './role.ts'
import { runSql } from './run-sql.ts'
import { type LocalState, newPasswords, newState, readState, type ServerName, writeState } from './state.ts'
import { waitForPort } from './wait-for-port.ts'

export const DATABASE = 'lienthong'

/** The URLs of existing servers that the caller chose instead of private ones. */
export interface Chosen {
  readonly nats?: string | undefined
  readonly postgres?: string | undefined
  readonly redis?: string | undefined
}

export function chosenServers({ NATS_URL, DATABASE_URL, REDIS_URL }: Environment): Chosen {
  return { nats: NATS_URL || undefined, postgres: DATABASE_URL || undefined, redis: REDIS_URL || undefined }
}

/** Starts what is not running and not chosen elsewhere, and brings the database up to date. Safe to repeat at any time. */
export async function startServers(folders: Folders, chosen: Chosen, say: (line: string) => void): Promise<LocalState> {
  installPrograms(wantedPrograms(chosen), say)
  makeFolders(folders)
  const state = await openState(folders, say)
  if (!chosen.postgres) await ensurePostgres(folders, state, say)
  if (!chosen.nats) await ensure('nats', state, folders, startNats, say)
  if (!chosen.redis) await ensure('redis', state, folders, startRedis, say)
  const owner = await prepareDatabase(state, chosen.postgres)
  for (const { name, durationMs } of await migrate(owner)) say(`migrated ${name} in ${durationMs} ms`)
  return state
}

/** The state of the last run, or a new one. */
export async function openState(folders: Folders, say: (line: string) => void): Promise<LocalState> {
  const known = readState(folders.state)
  if (known) return withNewRoles(known, folders)
  await endCluster(clusterOf(folders))
  if (removeCluster(folders)) say('removed a cluster of an earlier .local, whose passwords are gone')
  const state = await newState()
  writeState(folders.state, state)
  return state
}

/** A state that an earlier version wrote, with passwords for roles it did not know. */
function withNewRoles(known: LocalState, folders: Folders): LocalState {
  const passwords = { ...newPasswords(), ...known.passwords }
  if (Object.keys(passwords).length === Object.keys(known.passwords).length) return known
  const state = { ...known, passwords }
  writeState(folders.state, state)
  return state
}

/** The server programs that are needed beside the chosen servers. */
export function wantedPrograms(chosen: Chosen): string[] {
  return SERVER_PROGRAMS.filter((program) => !isChosen(program, chosen))
}

function isChosen(program: (typeof SERVER_PROGRAMS)[number], chosen: Chosen): boolean {
  if (program === 'nats-server') return chosen.nats !== undefined
  if (program === 'redis-server') return chosen.redis !== undefined
  return program !== 'psql' && chosen.postgres !== undefined
}

async function ensure(
  name: 'nats' | 'redis',
  state: LocalState,
  folders: Folders,
  start: typeof startNats,
  say: (line: string) => void,
): Promise<void> {
  const known = state.processes[name]
  // It runs, or an earlier run was ended while it waited for it.
  if (isAlive(known)) {
    const log = join(folders[name], `${name}-server.log`)
    return waitForPort(`${name}-server`, state.ports[name], known, log)
  }
  await endOrphans(`${name}-server`, folders[name])
  await claimPort(name, state)
  const server = { folder: folders[name], port: state.ports[name], passwords: state.passwords, life: 'apart' } as const
  await start({ ...server, onStarted: noteProcess(name, state, folders) })
  say(`${name} on 127.0.0.1:${state.ports[name]}`)
}

/** Ends servers that work on our data and that no state knows, since the run that started them was killed: two must not share it. */
async function endOrphans(program: string, folder: string): Promise<void> {
  for (const pid of processesIn(join(realpathSync(folder), 'data'), program)) {
    const identity = identify(pid)
    if (identity) await endProcess(identity)
  }
}

/** Notes a process in the state file the moment it exists: a run that is killed a moment later leaves no orphan. */
function noteProcess(name: ServerName, state: LocalState, folders: Folders): (identity: ProcessIdentity) => void {
  return (identity) => {
    state.processes[name] = identity
    writeState(folders.state, state)
  }
}

/** Makes and starts the private cluster where it is not running. */
export async function ensurePostgres(folders: Folders, state: LocalState, say: (line: string) => void): Promise<void> {
  const cluster = await makeCluster(folders, state.passwords.postgres)
  const known = state.processes.postgres
  if (isAlive(known)) return untilReady(cluster, known)
  await claimPort('postgres', state)
  await startPostgres(cluster, state.ports.postgres, 'apart', noteProcess('postgres', state, folders))
  say(`postgres on 127.0.0.1:${state.ports.postgres}`)
}

/** Keeps the port of the last run when it is still free. */
async function claimPort(name: ServerName, state: LocalState): Promise<void> {
  state.ports[name] = await freePort(state.ports[name])
}

/** Makes the roles and the database, and answers with the owner's URL. A chosen server needs a role that may create both. */
async function prepareDatabase(state: LocalState, chosen: string | undefined): Promise<string> {
  if (!chosen) {
    await makeRoles(state)
    await makeDatabase(state)
    return databaseUrl(state, 'owner')
  }
  const database = new URL(chosen).pathname.slice(1) || DATABASE
  const admin = new URL('/postgres', chosen).href
  await makeRoles(state, admin)
  await makeDatabase(state, database, admin)
  return serviceDatabaseUrl(state, 'owner', chosen)
}

/** Makes the database, owned by `lt_owner`, empty. */
export async function makeDatabase(
  state: LocalState,
  database: string = DATABASE,
  admin: string = databaseUrl(state, 'postgres', 'postgres'),
): Promise<void> {
  await runSql(admin, 'database.sql', { database })
}

/** Makes the roles of all services, with the passwords of this state. */
export async function makeRoles(
  state: LocalState,
  admin: string = databaseUrl(state, 'postgres', 'postgres'),
): Promise<void> {
  const roles = [...SERVICE_ROLES, 'owner', 'backup'] as const
  await runSql(admin, 'roles.sql', Object.fromEntries(roles.map((role) => [`${role}_password`, state.passwords[role]])))
}

/** URL of the private cluster for a role or for `postgres`, its superuser. */
export function databaseUrl(
  state: LocalState,
  role: 'postgres' | 'owner' | 'backup' | (typeof SERVICE_ROLES)[number],
  database = DATABASE,
): string {
  const user = role === 'postgres' ? role : databaseRole(role)
  return `postgres://${user}:${state.passwords[role]}@127.0.0.1:${state.ports.postgres}/${database}`
}

/** URL a service uses: the private cluster, or the chosen server with the service's own role. */
export function serviceDatabaseUrl(
  state: LocalState,
  role: 'owner' | 'backup' | (typeof SERVICE_ROLES)[number],
  chosen: string | undefined,
): string {
  if (!chosen) return databaseUrl(state, role)
  const url = new URL(chosen)
  url.username = databaseRole(role)
  url.password = state.passwords[role]
  if (url.pathname.length < 2) url.pathname = `/${DATABASE}`
  return url.href
}
