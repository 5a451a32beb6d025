import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { BusError } from '../errors/index.ts'
import { type Connection, openConnection } from './pool.ts'

const FOLDER = new URL('./migrations/', import.meta.url)

interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
  /** Programs that do not know it must not run against a database that holds it. */
  readonly breaking: boolean
}

export interface AppliedMigration {
  readonly name: string
  readonly durationMs: number
}

/** The migrations this program knows, in order. The first line `--! breaking` marks those that older programs cannot live with. */
export async function knownMigrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, FOLDER), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { name, sql, checksum, breaking: sql.startsWith('--! breaking') }
    }),
  )
}

/**
 * Brings the database up to date, one transaction per file, forward only. The version row is inserted first, so a second
 * runner waits for the first and then finds the work done.
 * @param through the last file that is applied: an upgrade in steps, or a schema as an earlier version knew it. All unless told
 * @throws BusError LT_STORE_SCHEMA_MISMATCH when an applied file was changed, or a breaking one is unknown here.
 */
export async function migrate(connectionString: string, through?: string): Promise<AppliedMigration[]> {
  const connection = await openConnection(connectionString, 'lienthong migrate', 0)
  try {
    await connection.query('select pg_advisory_lock(hashtext($1))', ['lienthong.migrate'])
    await connection.query(`create table if not exists schema_migration (
      name text primary key, checksum text not null, breaking boolean not null, applied_at timestamptz not null default now())`)
    await connection.query('grant select on schema_migration to public')
    const known = await knownMigrations()
    const applied = await refuseUnknown(connection, known)
    const done: AppliedMigration[] = []
    for (const migration of known) {
      if (through !== undefined && migration.name > through) break
      if (!applied.has(migration.name)) done.push(await apply(connection, migration))
    }
    return done
  } finally {
    await connection.end()
  }
}

/** Refuses to work with a database whose schema this program does not understand. Called by every service at its start. */
export async function checkSchema(connection: { query: Connection['query'] }): Promise<void> {
  const known = await knownMigrations()
  const applied = await refuseUnknown(connection, known)
  const missing = known.find((migration) => !applied.has(migration.name))
  if (missing) throw new BusError('LT_STORE_SCHEMA_MISMATCH', { migration: missing.name })
}

async function refuseUnknown(connection: { query: Connection['query'] }, known: Migration[]): Promise<Set<string>> {
  const { rows } = await connection.query<{ name: string; checksum: string; breaking: boolean }>(
    'select name, checksum, breaking from schema_migration',
  )
  const byName = new Map(known.map((migration) => [migration.name, migration]))
  for (const row of rows) {
    const mine = byName.get(row.name)
    if (mine ? mine.checksum !== row.checksum : row.breaking) {
      throw new BusError('LT_STORE_SCHEMA_MISMATCH', { migration: row.name })
    }
  }
  return new Set(rows.map((row) => row.name))
}

async function apply(connection: Connection, migration: Migration): Promise<AppliedMigration> {
  const begun = performance.now()
  await connection.query('begin')
  try {
    await connection.query('insert into schema_migration (name, checksum, breaking) values ($1, $2, $3)', [
      migration.name,
      migration.checksum,
      migration.breaking,
    ])
    await connection.query(migration.sql)
    await connection.query('commit')
  } catch (error) {
    await connection.query('rollback')
    throw error
  }
  return { name: migration.name, durationMs: Math.round(performance.now() - begun) }
}
