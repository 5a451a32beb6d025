import { openPool, type Pool, type Queryable, readMailboxFloor } from '../../libs/store/index.ts'
import { table } from '../../services/cli/output.ts'
import { startPrivateCluster } from '../harness/private-cluster.ts'
import { commit, hardware } from './hardware.ts'
import { type HotStatement, hotStatements, type Subjects } from './hot-statements.ts'
import { AGENCIES, seedYears } from './seed-years.ts'

// What every hot statement costs among so many consignments: `node --import=tsx test/bench/plans-at-scale.ts [consignments] [months]`.
const CONSIGNMENTS = Number(process.argv[2] ?? 5_000_000)
const MONTHS = Number(process.argv[3] ?? 24)
const HOUR_MS = 3_600_000
const PARTITION = /^(dispatch|consignment|content|audit_entry)_\d{6}$/

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Loops': number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly Plan[]
}
interface Explained {
  readonly Plan: Plan
  readonly 'Planning Time': number
  readonly 'Execution Time': number
}

function* nodes(plan: Plan): Generator<Plan> {
  yield plan
  for (const child of plan.Plans ?? []) yield* nodes(child)
}

/** Runs a statement as its service does, explains each query it makes, and takes everything back. */
async function explain(url: string, { role, run }: HotStatement): Promise<Explained[]> {
  const pool = openPool(url, { name: 'plans', max: 1, keepPlans: role !== 'cli', statementTimeoutMs: HOUR_MS })
  const client = await pool.connect()
  const found: Explained[] = []
  const query = async (query: string | { text: string; values?: unknown[] }, more?: unknown[]) => {
    const { text, values = more ?? [] } = typeof query === 'string' ? { text: query, values: more ?? [] } : query
    await client.query('savepoint before')
    const { rows } = await client.query({ text: `explain (analyze, buffers, format json) ${text}`, values })
    found.push(rows[0]['QUERY PLAN'][0])
    await client.query('rollback to savepoint before')
    return client.query(text, values)
  }
  try {
    await client.query('begin')
    await run({ query } as unknown as Queryable)
    return found
  } finally {
    await client.query('rollback')
    client.release()
    await pool.end()
  }
}

function describe(name: string, role: string, explained: readonly Explained[]): string[] {
  const all = explained.flatMap(({ Plan }) => [...nodes(Plan)].filter((node) => node['Actual Loops'] > 0))
  const partitions = new Set(
    all.flatMap((node) => (PARTITION.test(node['Relation Name'] ?? '') ? [node['Relation Name']] : [])),
  )
  const looks = all
    .filter((node) => PARTITION.test(node['Relation Name'] ?? ''))
    .reduce((sum, node) => sum + node['Actual Loops'], 0)
  const pages = explained.reduce((sum, { Plan }) => sum + Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'], 0)
  const ms = explained.reduce((sum, each) => sum + each['Execution Time'], 0)
  const scans = new Map<string, number>()
  for (const node of all) {
    const relation = node['Relation Name']
    if (!relation) continue
    const said = `${node['Node Type']} ${relation.replace(/_\d{6}$/, '')}`
    scans.set(said, (scans.get(said) ?? 0) + 1)
  }
  const said = [...scans].map(([scan, count]) => (count === 1 ? scan : `${scan} ×${count}`)).join(', ')
  return [name, role, String(partitions.size), String(looks), String(pages), ms.toFixed(2), said]
}

async function subjectsIn(owner: Pool): Promise<Subjects> {
  const one = async (text: string): Promise<string> => (await owner.query<{ id: string }>(text)).rows[0]?.id ?? ''
  const { rows } = await owner.query<{ id: string }>('select id from dispatch order by id desc limit 20')
  const end = await owner.query<{ end: number }>('select max(index) as "end" from log_leaf')
  return {
    dispatch: rows[0]?.id ?? '',
    newest: rows.map(({ id }) => id),
    old: await one(`select id from dispatch where id > uuid_floor(now() - interval '15 months') order by id limit 1`),
    due: await one(`select id from dispatch where state = 'CLOSED' and content_state = 'KEPT' order by id limit 1`),
    consignment: await one('select id from consignment order by id desc limit 1'),
    agencies: Array.from({ length: 10 }, (_, i) => `A${(i * 71) % AGENCIES}`),
    floor: await readMailboxFloor(owner),
    logEnd: end.rows[0]?.end ?? 0,
  }
}

const works: (() => unknown)[] = []
const say = (line: string): void => void process.stdout.write(`${line}\n`)
try {
  const cluster = await startPrivateCluster({ teardown: (work) => void works.push(work) })
  const owner = openPool(cluster.url('postgres'), { name: 'seed', max: 1, statementTimeoutMs: 4 * HOUR_MS })
  works.push(() => owner.end())
  await owner.query('set synchronous_commit = off')
  const started = performance.now()
  const onMonth = (month: number): void =>
    void process.stderr.write(`month ${month}/${MONTHS} after ${((performance.now() - started) / 1000).toFixed(0)} s\n`)
  await seedYears(owner, { months: MONTHS, consignments: CONSIGNMENTS, onMonth })
  const { rows } = await owner.query(
    `select (select count(*) from dispatch) as dispatches, (select count(*) from consignment) as consignments,
      (select count(*) from audit_entry) as entries, pg_size_pretty(pg_database_size(current_database())) as size,
      current_setting('server_version') as version, current_setting('shared_buffers') as buffers`,
  )
  const { dispatches, consignments, entries, size, version, buffers } = rows[0]
  const { cpu, cores, memory_gb, kernel, node } = hardware()
  say(
    `Plans of hot statements among ${consignments} consignments of ${dispatches} dispatches, ${entries} entries, in ${MONTHS} months.`,
  )
  say(`Database ${size}, PostgreSQL ${version}, shared_buffers ${buffers}, commit ${commit()}.`)
  say(`${cpu}, ${cores} cores (shared with other work while this ran), ${memory_gb} GB, Linux ${kernel}, Node ${node}.`)
  say(
    'Each statement as its role runs it, executed for the second time; parts: partitions with at least one look into them;',
  )
  say('looks: index or table scans of partitions that were executed; pages: 8 KB blocks, read or found in memory.\n')
  const lines: string[][] = []
  const subjects = await subjectsIn(owner)
  for (const [name, statement] of Object.entries(hotStatements(subjects))) {
    await explain(cluster.url(statement.role), statement)
    lines.push(describe(name, statement.role, await explain(cluster.url(statement.role), statement)))
  }
  for (const line of table([['statement', 'role', 'parts', 'looks', 'pages', 'ms', 'scans'], ...lines])) say(line)
} finally {
  for (let work = works.pop(); work; work = works.pop()) await work()
}
