import type { Connection } from './pool.ts'

/** Takes the one place of whoever sweeps the content store, for as long as the connection lives; `false` when another holds it. */
export async function tryLeadContentSweep(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query<{ taken: boolean }>(
    `select pg_try_advisory_lock(hashtext('lienthong.content-sweep')) as taken`,
  )
  return rows[0]?.taken === true
}

/** The same place for whoever deletes what has been kept long enough. */
export async function tryLeadRetention(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query<{ taken: boolean }>(
    `select pg_try_advisory_lock(hashtext('lienthong.retention')) as taken`,
  )
  return rows[0]?.taken === true
}

/** Up to which time of dispatch ids the content store was swept; the beginning of time when it never was. */
export async function readContentSwept(connection: Connection): Promise<Date> {
  const { rows } = await connection.query<{ swept_to: Date }>('select swept_to from content_sweep')
  return rows[0]?.swept_to ?? new Date(0)
}

/** Notes how far it was swept. */
export async function noteContentSwept(connection: Connection, to: Date): Promise<void> {
  await connection.query(
    `insert into content_sweep (swept_to) values ($1) on conflict (one) do update set swept_to = excluded.swept_to`,
    [to],
  )
}
