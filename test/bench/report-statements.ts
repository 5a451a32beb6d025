import { openConnection } from '../../libs/store/index.ts'
import type { PrivateCluster } from '../harness/private-cluster.ts'

/** Prints the dearest SQL statements since the start, in microseconds of the server per document. */
export async function reportStatements(cluster: PrivateCluster, documents: number): Promise<void> {
  const connection = await openConnection(cluster.url('postgres'), 'bench statements')
  try {
    const { rows } = await connection.query<{
      calls: number
      ms: number
      plan_calls: number
      rows: number
      query: string
    }>(
      `select calls, total_exec_time as ms, rows, left(regexp_replace(query, '\\s+', ' ', 'g'), 110) as query
        from pg_stat_statements order by total_exec_time desc limit 20`,
    )
    console.log('  statements: us a document, calls, ms a call, rows a call')
    for (const { calls, ms, rows: got, query } of rows) {
      const columns = [
        ((ms * 1000) / Math.max(1, documents)).toFixed(0),
        calls,
        (ms / calls).toFixed(2),
        (got / calls).toFixed(1),
      ]
      console.log(`  ${columns.map((value) => String(value).padStart(8)).join('')}  ${query}`)
    }
  } finally {
    await connection.end()
  }
}
