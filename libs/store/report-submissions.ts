import type { Queryable } from './pool.ts'

/** What one code found wrong in the submissions of a system. */
export interface FaultCount {
  readonly outcome: 'refused' | 'warned'
  readonly code: string
  readonly submissions: number
  /** The newest: id of the refusal, or of the dispatch. */
  readonly example: string
  readonly params: Readonly<Record<string, string | number>>
}

export interface SubmissionReport {
  readonly accepted: number
  readonly refused: number
  /** Submissions of one kind at which the count stopped, newest first; what is older was not looked at. */
  readonly limit: number
  readonly capped: boolean
  /** The most frequent first, refusals before warnings. */
  readonly faults: readonly FaultCount[]
}

/** Of each kind: documents, statuses, refusals. A hub of a province sends as many in some weeks. */
const MOST = 50_000

/** What a system's packets did wrong since then, by code. Reads its own newest rows by index, a bounded number. */
export async function reportSubmissions(database: Queryable, systemId: string, since: Date): Promise<SubmissionReport> {
  const hex = since.getTime().toString(16).padStart(12, '0')
  const floor = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-0000-0000-000000000000`
  const accepted = await database.query<Omit<FaultCount, 'outcome'> & { total: number; most: number }>({
    text: `with sent as materialized (
        select k.kind, d.id, d.warnings from unnest(array['document', 'status']) as k(kind) cross join lateral (
          select id, facts -> 'warnings' as warnings from dispatch
          where system_id = $1 and kind = k.kind and id >= $2::uuid order by id desc limit $3
        ) d
      ), totals as (
        select count(*)::int as total, coalesce(max(n), 0)::int as most
        from (select kind, count(*) over (partition by kind) as n from sent) s
      ), faults as (
        select w.value ->> 'code' as code, count(distinct s.id)::int as submissions, max(s.id::text) as example,
          (array_agg(w.value -> 'params' order by s.id desc))[1] as params
        from sent s cross join lateral jsonb_array_elements(s.warnings) as w
        where jsonb_typeof(s.warnings) = 'array' group by 1
      )
      select t.total, t.most, f.* from totals t left join faults f on true order by f.submissions desc, f.code limit 200`,
    values: [systemId, floor, MOST],
  })
  const refused = await database.query<Omit<FaultCount, 'outcome'>>({
    text: `select r.code, count(*)::int as submissions, max(r.id::text) as example,
        (array_agg(r.params order by r.id desc))[1] as params
      from (select id, code, params from refusal where system_id = $1 and id >= $2::uuid order by id desc limit $3) r
      group by 1 order by 2 desc, 1 limit 200`,
    values: [systemId, floor, MOST],
  })
  const refusals = refused.rows.reduce((sum, { submissions }) => sum + submissions, 0)
  const { total = 0, most = 0 } = accepted.rows[0] ?? {}
  const fault =
    (outcome: FaultCount['outcome']) =>
    ({ code, submissions, example, params }: Omit<FaultCount, 'outcome'>): FaultCount => ({
      outcome,
      code,
      submissions,
      example,
      params: params ?? {},
    })
  return {
    accepted: total,
    refused: refusals,
    limit: MOST,
    capped: most >= MOST || refusals >= MOST,
    faults: [
      ...refused.rows.map(fault('refused')),
      ...accepted.rows.filter(({ code }) => code !== null).map(fault('warned')),
    ],
  }
}
