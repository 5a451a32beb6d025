/** A notice about to be made. `owner`: the row whose move it follows from. */
export interface NoticeRow {
  readonly owner: string
  readonly id: string
  readonly dedupe_key: string
  readonly kind: string
  readonly channel: 'mail' | 'sms'
  /** '' where there is nobody to tell: such a notice fails at once and stays visible. */
  readonly recipient: string
  readonly language: 'vi' | 'en'
  readonly agency_code: string | null
  readonly dispatch_id: string | null
  readonly consignment_id: string | null
  /** Only what the templates may show; the table refuses anything else. */
  readonly facts: Readonly<Record<string, string>>
  /** Milliseconds that it waits for others to the same contact. */
  readonly gather_ms: number
  /** Why it fails at once; `null` when it is to be sent. */
  readonly code: string | null
}

/**
 * The part a statement shares that moves something people are told of: notices of those rows that really moved. One that was
 * made before, by its key, is not made again.
 * @param parameter the statement's JSON parameter, an array of `NoticeRow`
 * @param moved a CTE or subquery with the ids that moved, in a column `id`
 */
export function noticeCtes(parameter: string, moved: string): string {
  return `
  notices as (
    insert into notice (id, dedupe_key, kind, channel, recipient, language, agency_code, dispatch_id, consignment_id, facts, state,
      next_attempt_at, ended_at, code)
    select n.id, n.dedupe_key, n.kind, n.channel, n.recipient, n.language, n.agency_code, n.dispatch_id, n.consignment_id, n.facts,
      case when n.code is null then 'WAITING' else 'FAILED' end,
      clock_timestamp() + make_interval(secs => n.gather_ms / 1000), case when n.code is not null then clock_timestamp() end, n.code
    from json_to_recordset(${parameter}) as n(owner uuid, id uuid, dedupe_key text, kind text, channel text, recipient text,
      language text, agency_code text, dispatch_id uuid, consignment_id uuid, facts jsonb, gather_ms float8, code text)
    where n.owner in (select id from ${moved})
    on conflict (dedupe_key) do nothing
  )`
}
