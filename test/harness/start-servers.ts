import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServiceRole } from '../../deploy/local/role.ts'
import { type Environment, processEnvironment } from '../../libs/runtime/index.ts'
import { createDatabase, type TestDatabase } from './create-database.ts'
import { startNats, startRedis, type TestNats, type TestRedis } from './start-broker.ts'
import type { Teardown } from './teardown.ts'

export interface TestServers {
  readonly database: Pick<TestDatabase, 'url'>
  readonly nats: TestNats
  readonly redis: TestRedis
  readonly blobDir: string
  readonly keyDir: string
  /** What `startService` takes: each service with its own credentials, listeners on free ports, a silent log. */
  environment(role: ServiceRole): Environment
}

/**
 * PostgreSQL, NATS and Redis for one test file, with the rights of production; all stopped at its end.
 * @param cluster a PostgreSQL of the test's own; a database in the shared one unless told
 */
export async function startServers(t: Teardown, cluster?: Pick<TestDatabase, 'url'>): Promise<TestServers> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [blobDir, keyDir] = [join(folder, 'blobs'), join(folder, 'keys')]
  for (const each of [blobDir, keyDir]) mkdirSync(each, { mode: 0o700 })
  const [database, nats, redis] = await Promise.all([cluster ?? createDatabase(t), startNats(t), startRedis(t)])
  return {
    database,
    nats,
    redis,
    blobDir,
    keyDir,
    environment: (role) => ({
      DATABASE_URL: database.url(role),
      NATS_URL: nats.url(role),
      REDIS_URL: redis.url,
      BLOB_DIR: blobDir,
      KEY_DIR: keyDir,
      LISTEN_PORT: '0',
      DOOR_PORT: '0',
      LOG_LEVEL: processEnvironment().LOG_LEVEL ?? 'silent',
    }),
  }
}
