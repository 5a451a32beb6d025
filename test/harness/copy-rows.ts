import type { Connection } from '../../libs/store/index.ts'

const PAGE = 500

/**
 * Copies every row of one database into another whose schema is older: the tables and columns that one has, as it would have written
 * them. Both connections are the superuser's; constraints between tables and triggers rest meanwhile.
 * @returns rows by table
 */
export async function copyRows(from: Connection, to: Connection): Promise<Record<string, number>> {
  const copied: Record<string, number> = {}
  await to.query('set session_replication_role = replica')
  const { rows: tables } = await to.query<{ name: string; columns: string[] }>(
    `select c.relname as name, (select array_agg(quote_ident(attname) order by attnum) from pg_attribute
       where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns
     from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> 'schema_migration'`,
  )
  for (const { name, columns } of tables) {
    await to.query(`delete from ${name}`)
    const list = columns.join(', ')
    const { rows } = await from.query<{ row: object }>(
      `select row_to_json(t) as row from (select ${list} from ${name}) as t`,
    )
    for (let at = 0; at < rows.length; at += PAGE) {
      const page = rows.slice(at, at + PAGE).map(({ row }) => row)
      await to.query(
        `insert into ${name} (${list}) overriding system value select ${list} from json_populate_recordset(null::${name}, $1)`,
        [JSON.stringify(page)],
      )
    }
    copied[name] = rows.length
  }
  const { rows: counters } = await to.query<{ name: string; column: string }>(
    `select c.relname as name, a.attname as column from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attidentity <> '' and c.relnamespace = 'public'::regnamespace and not c.relispartition`,
  )
  for (const { name, column } of counters) {
    const end = await from.query<{ next: number }>(
      `select coalesce(last_value, 0) + 1 as next from pg_sequences where schemaname = 'public' and sequencename = $1`,
      [`${name}_${column}_seq`],
    )
    await to.query('select setval(pg_get_serial_sequence($1, $2), $3, false)', [name, column, end.rows[0]?.next ?? 1])
  }
  await to.query('set session_replication_role = origin')
  return copied
}
