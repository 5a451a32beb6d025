import { wireTimestamp } from '../../../../libs/envelope/index.ts'
import { isUuid } from '../../../../libs/model/index.ts'
import { findSent, listSent, type SentRow } from '../../../../libs/store/index.ts'
import type { Operation } from '../door.ts'
import { readTime } from '../read-times.ts'
import { kindOf, messageTypeOf } from './list-received.ts'

const PAGE = 500

/** `getSentEdocList`: one item for each receiver, newest first; with `docId` all receivers of that one. */
export const listSentPackets: Operation = {
  method: 'POST',
  failure: { data: [] },
  async run({ parameters, system }, { gateway }) {
    const docId = parameters.get('docId')?.trim().toLowerCase()
    if (docId) {
      return { data: isUuid(docId) ? (await findSent(gateway.pool, system.id, docId)).map(describeSent) : [] }
    }
    const [from, until] = [readTime(parameters.get('fromDate')), readTime(parameters.get('toDate'), true)]
    const rows = await listSent(gateway.pool, system.id, {
      kind: kindOf(parameters),
      limit: PAGE,
      ...(from ? { from } : {}),
      ...(until ? { until } : {}),
    })
    return { data: rows.map(describeSent) }
  },
}

const STATUS: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HANDED_OVER: ['processing', 'Dang xu ly'],
  ACKNOWLEDGED: ['done', 'Da nhan'],
  REFUSED: ['fail', 'Noi nhan tu choi'],
  DEAD: ['fail', 'Khong chuyen duoc'],
  EXPIRED: ['fail', 'Het han nhan'],
  RECALLED: ['fail', 'Da thu hoi'],
}

/** Clients of different age read one or the other family of names: every item has both. */
function describeSent(row: SentRow): object {
  const [status, text] = STATUS[row.state ?? ''] ?? ['initial', 'Cho nhan']
  const sentTime = wireTimestamp(row.accepted_at)
  const changed = wireTimestamp(row.changed_at ?? row.accepted_at)
  return {
    serviceType: 'eDoc',
    messageType: messageTypeOf(row.kind),
    senderDocId: row.dispatch_id,
    receiverDocId: row.consignment,
    fromCode: row.sender_code,
    toCode: row.agency,
    title: row.subject,
    notation: row.number === '' ? row.notation : `${row.number}/${row.notation}`,
    sentTime,
    receivedTime: status === 'initial' ? '' : changed,
    sendStatus: 'done',
    sendStatusDesc: 'Thanh cong',
    receiveStatus: status,
    receiveStatusDesc: row.reason === null ? text : `${text} (${row.reason})`,
    docId: row.dispatch_id,
    created_time: sentTime,
    updated_time: changed,
    from: row.sender_code,
    to: row.agency,
    status,
    status_desc: text,
  }
}
