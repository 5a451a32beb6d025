import type { Queryable } from './pool.ts'

export const NOTICE_STATES = ['WAITING', 'CLAIMED', 'SENT', 'FAILED', 'UNSURE'] as const
export type NoticeState = (typeof NOTICE_STATES)[number]

/** A notice as operators see it. */
export interface NoticeView {
  readonly id: string
  readonly kind: string
  readonly channel: string
  readonly recipient: string
  readonly agency_code: string | null
  readonly dispatch_id: string | null
  readonly state: NoticeState
  readonly attempts: number
  readonly made_at: Date
  readonly ended_at: Date | null
  readonly code: string | null
}

/** The latest notices, newest first; of one state where it is named. */
export async function listNotices(
  database: Queryable,
  options: { readonly state?: NoticeState; readonly limit: number },
): Promise<NoticeView[]> {
  const columns = 'id, kind, channel, recipient, agency_code, dispatch_id, state, attempts, made_at, ended_at, code'
  const { rows } = await (options.state === undefined
    ? database.query<NoticeView>(`select ${columns} from notice order by id desc limit $1`, [options.limit])
    : database.query<NoticeView>(`select ${columns} from notice where state = $2 order by id desc limit $1`, [
        options.limit,
        options.state,
      ]))
  return rows
}
