import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Where a set of local servers lives: `.local` for the developer, `.local/test` for the tests. */
export interface Folders {
  readonly base: string
  readonly nats: string
  readonly redis: string
  /** The cluster itself, or as root a link to where it really is (`clusterHome`). */
  readonly postgres: string
  readonly env: string
  readonly blobs: string
  readonly keys: string
  readonly state: string
  readonly lock: string
}

/** The project this file belongs to. */
export const PROJECT = resolve(import.meta.dirname, '../..')

export function foldersOf(base: string = join(PROJECT, '.local')): Folders {
  const at = (name: string): string => join(base, name)
  return {
    base,
    nats: at('nats'),
    redis: at('redis'),
    postgres: at('postgres'),
    env: at('env'),
    blobs: at('blobs'),
    keys: at('keys'),
    state: at('state.json'),
    lock: at('lock'),
  }
}

/** Makes the folders, readable by their owner only. */
export function makeFolders({ base, nats, redis, env, blobs, keys }: Folders): void {
  mkdirSync(base, { recursive: true, mode: 0o755 })
  for (const folder of [nats, redis, env, blobs, keys]) mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/** As root PostgreSQL runs as user `postgres`, who may not be able to enter the project: so its data lies under /var/tmp. */
export function clusterHome(base: string): string {
  return `/var/tmp/lienthong-${createHash('sha256').update(resolve(base)).digest('hex').slice(0, 12)}`
}
