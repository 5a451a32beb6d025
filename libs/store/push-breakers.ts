import { auditCtes } from './audit-sql.ts'
import type { Queryable } from './pool.ts'

export type BreakerPurpose = 'push' | 'hook'

/** The circuit breaker of one endpoint: one row per system and purpose. */
export interface BreakerRow {
  readonly system_id: string
  readonly purpose: BreakerPurpose
  readonly version: number
  /** The address it is about: of another one nothing is known yet. */
  readonly endpoint: string
  readonly state: 'closed' | 'open' | 'half-open'
  /** Failures in a row. */
  readonly failures: number
  /** Probes that failed since it opened. */
  readonly probes: number
  /** Open: milliseconds until a probe may go. Half open: until the probe under way counts as lost. */
  readonly wait_ms: number
  readonly opened_at: Date | null
  /** What was wrong last, in the words of the catalogue. */
  readonly code: string | null
}

const COLUMNS = `system_id, purpose, version, endpoint, state, failures, probes, opened_at, code,
  greatest(0, extract(epoch from wait_until - clock_timestamp()) * 1000)::float8 as wait_ms`

/** Every endpoint that failed and was not seen working since; few rows. */
export async function readTrippedBreakers(database: Queryable): Promise<BreakerRow[]> {
  const { rows } = await database.query<BreakerRow>({
    name: 'read-tripped-breakers',
    text: `select ${COLUMNS} from push_breaker where state <> 'closed' or failures > 0`,
  })
  return rows
}

/** One breaker as it stands; `undefined`: that endpoint never failed. */
export async function readBreaker(
  database: Queryable,
  systemId: string,
  purpose: BreakerPurpose,
): Promise<BreakerRow | undefined> {
  const { rows } = await database.query<BreakerRow>({
    name: 'read-breaker',
    text: `select ${COLUMNS} from push_breaker where system_id = $1 and purpose = $2`,
    values: [systemId, purpose],
  })
  return rows[0]
}

/** How a breaker shall stand. `version`: the one the decision was made on; 0 where there was no row. */
export type BreakerChange = Omit<BreakerRow, 'opened_at'> & { readonly at: string }

/**
 * Compare-and-set of one breaker, with the audit entries (owner: the system's id) of its opening or closing. Answers the new version;
 * `undefined`: another process was faster.
 */
export async function changeBreaker(
  database: Queryable,
  change: BreakerChange,
  entries: readonly ({ readonly owner: string } & object)[],
): Promise<number | undefined> {
  const { rows } = await database.query<{ version: number }>({
    name: 'change-breaker',
    text: `with moved as (
        insert into push_breaker as b (system_id, purpose, endpoint, state, failures, probes, wait_until, opened_at, code)
        values ($1, $2, $4, $5, $6, $7, clock_timestamp() + make_interval(secs => $8::float8 / 1000),
          case when $5 <> 'closed' then $10::timestamptz end, $9)
        on conflict (system_id, purpose) do update set version = b.version + 1, endpoint = excluded.endpoint,
          state = excluded.state, failures = excluded.failures, probes = excluded.probes, wait_until = excluded.wait_until,
          opened_at = case when excluded.state <> 'closed' then coalesce(b.opened_at, excluded.opened_at) end,
          code = case when excluded.failures > 0 then coalesce(excluded.code, b.code) end
        where b.version = $3
        returning b.system_id as id, b.version
      ), ${auditCtes('$11', 'moved')}
      select version from moved`,
    values: [
      change.system_id,
      change.purpose,
      change.version,
      change.endpoint,
      change.state,
      change.failures,
      change.probes,
      change.wait_ms,
      change.code,
      change.at,
      JSON.stringify(entries),
    ],
  })
  return rows[0]?.version
}
