import { createHash, randomFillSync } from 'node:crypto'
import { canonicalJson, type JsonValue, leafBytes } from '../merkle/index.ts'
import { type ConsignmentId, type DispatchId, type EntryId, type EventName, newEntryId } from '../model/index.ts'

/** A fact about to be written to the log. `details` are for parties and auditors only and can be deleted; the seal stays. */
export interface AuditDraft {
  readonly event: EventName
  readonly dispatchId?: DispatchId | string
  readonly consignmentId?: ConsignmentId | string
  readonly details: { readonly [name: string]: JsonValue }
}

/** An audit entry in the form that the statements write (`libs/store/audit-sql.ts`), binary fields in hex. */
export interface SealedEntry {
  readonly id: EntryId
  readonly event: string
  readonly event_time: string
  readonly dispatch_id: string | null
  readonly consignment_id: string | null
  readonly salt: string
  readonly details: string
  readonly details_digest: string
  readonly leaf_hash: string
}

const salts = Buffer.alloc(4096)
let used = salts.length

function nextSalt(): Buffer {
  if (used + 16 > salts.length) {
    randomFillSync(salts)
    used = 0
  }
  used += 16
  return salts.subarray(used - 16, used)
}

const LEAF_PREFIX = Buffer.of(0)

/** Gives a fact its id, salt, digest and leaf hash (RFC 6962 2.1 over RFC 8785 JSON). */
export function sealEntry(draft: AuditDraft, eventTime: Date): SealedEntry {
  const id = newEntryId(eventTime.getTime())
  const time = eventTime.toISOString()
  const salt = nextSalt()
  const details = canonicalJson(draft.details)
  const detailsDigest = createHash('sha256').update(salt).update(details).digest('hex')
  const leaf = leafBytes({ id, event: draft.event, time, detailsDigest })
  return {
    id,
    event: draft.event,
    event_time: time,
    dispatch_id: draft.dispatchId ?? null,
    consignment_id: draft.consignmentId ?? null,
    salt: salt.toString('hex'),
    details,
    details_digest: detailsDigest,
    leaf_hash: createHash('sha256').update(LEAF_PREFIX).update(leaf).digest('hex'),
  }
}
