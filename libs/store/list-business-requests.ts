import { coalescedList } from './coalesce.ts'

/** A request about one consignment: recall, update, replacement, removal or take-back, and what came of it. */
export interface RequestView {
  /** The dispatch that asks. */
  readonly dispatch_id: string
  readonly consignment_id: string
  readonly target_dispatch_id: string
  readonly agency_code: string
  readonly action: 'recall' | 'update' | 'replace' | 'remove'
  readonly outcome: 'withdrawn' | 'pending' | 'agreed' | 'declined' | 'superseded' | 'void'
  readonly opened_at: Date
  readonly settled_at: Date | null
  readonly answer_id: string | null
}

const COLUMNS =
  'dispatch_id, consignment_id, target_dispatch_id, agency_code, action, outcome, opened_at, settled_at, answer_id'

/** Everything that was asked about a dispatch, oldest first. */
export const listBusinessRequests = coalescedList<RequestView>(
  async (database, dispatchIds) => {
    const { rows } = await database.query<RequestView>({
      name: 'list-requests',
      text: `select ${COLUMNS}
        from business_request where target_dispatch_id = any($1::uuid[]) order by opened_at, dispatch_id`,
      values: [dispatchIds],
    })
    return rows
  },
  (row) => row.target_dispatch_id,
)

/** Everything that a dispatch asked of others. */
export const listAsked = coalescedList<RequestView>(
  async (database, dispatchIds) => {
    const { rows } = await database.query<RequestView>({
      name: 'list-asked',
      text: `select ${COLUMNS} from business_request where dispatch_id = any($1::uuid[]) order by dispatch_id, consignment_id`,
      values: [dispatchIds],
    })
    return rows
  },
  (row) => row.dispatch_id,
)
