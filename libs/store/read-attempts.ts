import type { Queryable } from './pool.ts'

/** One attempt to push a consignment, as it was recorded. */
export interface AttemptView {
  readonly attempt: number
  readonly claimedAt: Date
  readonly endedAt: Date | null
  /** `null`: under way, or interrupted and not yet closed. */
  readonly outcome: string | null
  readonly status: number | null
  readonly durationMs: number | null
  /** What was wrong, in the words of the catalogue. */
  readonly code: string | null
  /** The beginning of what the receiver said. */
  readonly answer: string | null
}

/** The attempts of one consignment, first to last. */
export async function listAttempts(database: Queryable, consignmentId: string): Promise<AttemptView[]> {
  const { rows } = await database.query<AttemptView>({
    name: 'list-attempts',
    text: `select attempt, claimed_at as "claimedAt", ended_at as "endedAt", outcome, http_status as status,
        duration_ms as "durationMs", code, answer
      from delivery_attempt where consignment_id = $1 order by attempt`,
    values: [consignmentId],
  })
  return rows
}
