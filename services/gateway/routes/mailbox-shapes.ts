import { type Static, Type } from '../../../libs/schema/index.ts'
import type { MailboxRow } from '../../../libs/store/index.ts'
import { codeShape, timeShape, uuidShape } from './answer-shapes.ts'

/** One consignment as a receiver sees it. */
export const consignmentShape = Type.Object({
  consignment: uuidShape,
  dispatch: uuidShape,
  state: Type.String(),
  agency: codeShape,
  asWritten: Type.Array(Type.String()),
  kind: Type.String({ description: 'document or status' }),
  lane: Type.String({ description: 'urgent or normal' }),
  availableAt: timeShape,
  leased: Type.Boolean(),
  sender: codeShape,
  documentId: Type.String(),
  number: Type.String(),
  notation: Type.String(),
  subject: Type.String(),
  business: Type.String(),
  form: Type.String({ description: 'inline or detached' }),
  contentHash: Type.String(),
  contentSize: Type.Integer(),
  recallPending: Type.Optional(
    Type.Literal(true, { description: 'its sender asks for it back: answer with status 15 or 16' }),
  ),
  unmatched: Type.Optional(
    Type.Literal(true, { description: 'a status about a document that this axis did not carry to its reporter' }),
  ),
})

export function describeConsignment(row: MailboxRow): Static<typeof consignmentShape> {
  return {
    consignment: row.id,
    dispatch: row.dispatch_id,
    state: row.state,
    agency: row.agency_code,
    asWritten: [...row.as_written],
    kind: row.kind,
    lane: row.lane,
    availableAt: row.available_at.toISOString(),
    leased: row.leased,
    sender: row.sender_code,
    documentId: row.document_id,
    number: row.number,
    notation: row.notation,
    subject: row.subject,
    business: row.business_type,
    form: row.form,
    contentHash: row.content_hash.toString('hex'),
    contentSize: row.content_size,
    ...(row.recall_pending ? { recallPending: true as const } : {}),
    ...(row.unmatched ? { unmatched: true as const } : {}),
  }
}
