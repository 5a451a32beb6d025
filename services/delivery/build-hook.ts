import { createHash } from 'node:crypto'
import { RECEIPT_EVENTS } from '../../libs/pipeline/index.ts'
import type { HookPost, NoticeToPost } from '../../libs/store/index.ts'
import { digestField } from './build-push.ts'

/** Bytes of receipts in one post, about; at least one notice always goes. */
const RECEIPT_BYTES = 2 * 1024 * 1024

/** As many of the notices, in their order, as go into one post. */
export function fitNotices(notices: readonly NoticeToPost[]): NoticeToPost[] {
  let bytes = 0
  const fitting = notices.findIndex(({ xml }, i) => {
    bytes += xml?.length ?? 0
    return i > 0 && bytes > RECEIPT_BYTES
  })
  return fitting === -1 ? [...notices] : notices.slice(0, fitting)
}

/**
 * The body of one post and the fields that describe it. `missed`: the log had more for this system than is kept for it; it reads its
 * dispatches itself (`GET /v1/dispatches/…`).
 */
export function buildHook(
  systemCode: string,
  post: HookPost,
  notices: readonly NoticeToPost[],
  missed: boolean,
): { body: Buffer; headers: Record<string, string> } {
  const body = Buffer.from(
    JSON.stringify({
      system: systemCode,
      notices: notices.map(describe),
      ...(missed ? { missed: { count: post.dropped, since: post.dropped_at?.toISOString() } } : {}),
    }),
  )
  const headers = {
    'content-type': 'application/json',
    'content-digest': digestField(createHash('sha256').update(body).digest()),
    'lt-system': systemCode,
    'lt-hook-attempt': String(post.attempt),
  }
  return { body, headers }
}

function describe(notice: NoticeToPost): object {
  const { epoch, index, entry_id: id, event, event_time: time, dispatch_id: dispatch, consignment_id, status } = notice
  const hasReceipt = (RECEIPT_EVENTS as readonly string[]).includes(event)
  return {
    // The id of the log's entry: the same notice is the same id, however often it comes.
    id,
    position: `${epoch}/${index}`,
    event,
    time: time.toISOString(),
    dispatch,
    ...(consignment_id === null ? {} : { consignment: consignment_id }),
    ...(status === null ? {} : { status }),
    ...(hasReceipt ? { receipt: `/v1/dispatches/${dispatch}/receipts/${id}` } : {}),
    ...(notice.xml === null ? {} : { receiptXml: notice.xml.toString() }),
  }
}
