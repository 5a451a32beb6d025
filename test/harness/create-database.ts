import type { ServiceRole } from '../../deploy/local/role.ts'
import { databaseUrl } from '../../deploy/local/start-servers.ts'
import { openAdmin, sharedCluster } from './shared-cluster.ts'
import type { Teardown } from './teardown.ts'

export interface TestDatabase {
  readonly name: string
  /** With the role and the rights of that service; `owner` owns the schema, `postgres` may do anything. */
  url(role: ServiceRole | 'owner' | 'backup' | 'postgres'): string
  /** How many connections are open to it now, by application name. */
  connections(): Promise<string[]>
}

let made = 0

/** A database of its own, migrated, for this test file; dropped at its end. */
export async function createDatabase(t: Teardown): Promise<TestDatabase> {
  const { state, template } = await sharedCluster()
  const name = `lt_test_${process.pid}_${++made}`
  const admin = await openAdmin(state)
  t.teardown(async () => {
    await admin.query(`drop database if exists ${name} with (force)`)
    await admin.end()
  })
  await admin.query(`drop database if exists ${name} with (force)`)
  await admin.query(`create database ${name} owner lt_owner template ${template}`)
  return {
    name,
    url: (role) => databaseUrl(state, role, name),
    async connections() {
      const sql = 'select application_name from pg_stat_activity where datname = $1'
      const { rows } = await admin.query<{ application_name: string }>(sql, [name])
      return rows.map((row) => row.application_name)
    },
  }
}
