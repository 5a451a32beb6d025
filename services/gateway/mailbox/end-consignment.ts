import { BusError } from '../../../libs/errors/index.ts'
import { EVENTS, type RefusalReason } from '../../../libs/model/index.ts'
import type { OpenConsignment } from '../../../libs/store/index.ts'
import { checkLease, holdsLease } from './check-lease.ts'
import type { ConsignmentFinder } from './find-own.ts'
import type { ConsignmentMover, WantedMove } from './move-consignments.ts'
import { type ReceiverCheck, type ReceiverSignature, type ReceiverVerb, receiverStatement } from './verify-receiver.ts'

export type Ending =
  | { readonly as: 'ACKNOWLEDGED'; readonly signature?: ReceiverSignature }
  | {
      readonly as: 'REFUSED'
      readonly reason: RefusalReason
      readonly text?: string
      readonly signature?: ReceiverSignature
    }

export interface EndRequest {
  readonly systemCode: string
  readonly id: string
  readonly token: string
  readonly ending: Ending
}

const TRIES = 4
const VERBS = { ACKNOWLEDGED: 'acknowledge', REFUSED: 'refuse' } as const satisfies Record<Ending['as'], ReceiverVerb>

/**
 * Acknowledges or refuses a consignment. An identical repeat succeeds again and changes nothing.
 * @throws BusError LT_BOX_NOT_FOUND, LT_BOX_LEASE_LOST, LT_BOX_LATE, LT_BOX_ALREADY_ENDED, LT_BOX_BAD_SIGNATURE
 */
export async function endConsignment(
  options: {
    readonly find: ConsignmentFinder
    readonly mover: ConsignmentMover
    readonly verify: ReceiverCheck
  },
  request: EndRequest,
): Promise<{ readonly repeated: boolean }> {
  const { ending, systemCode } = request
  for (let tries = 0; tries < TRIES; tries++) {
    const row = await options.find(systemCode, request.id)
    if (isRepeat(row, request)) return { repeated: true }
    checkLease(row, request.token)
    if (ending.signature) options.verify(row, VERBS[ending.as], ending.signature, systemCode)
    if (await options.mover.submit(moveTo(row, request), row.lane === 'urgent')) return { repeated: false }
  }
  throw new BusError('LT_SUB_BUSY')
}

/** Whether it ended this way, with these words, under this token before. */
function isRepeat(row: OpenConsignment, { token, ending }: EndRequest): boolean {
  if (row.state !== ending.as || !holdsLease(row, token)) return false
  if (ending.as === 'ACKNOWLEDGED') return true
  return row.refusal_reason === ending.reason && (row.refusal_text ?? '') === (ending.text ?? '')
}

function moveTo(row: OpenConsignment, { systemCode, ending }: EndRequest): WantedMove {
  const details = {
    agency: row.agency_code,
    system: systemCode,
    contentHash: row.content_hash.toString('hex'),
    fetched: row.state === 'HANDED_OVER',
    ...(ending.signature
      ? {
          receiverSignature: statedBy(
            ending.signature,
            receiverStatement(VERBS[ending.as], row, ending.signature.time),
          ),
        }
      : {}),
    ...(ending.as === 'REFUSED' ? { reason: ending.reason, text: ending.text ?? '' } : {}),
  }
  return {
    id: row.id,
    version: row.version,
    state: ending.as,
    ended: true,
    ...(ending.as === 'REFUSED' ? { refusal_reason: ending.reason, refusal_text: ending.text ?? null } : {}),
    entry: {
      event: ending.as === 'ACKNOWLEDGED' ? EVENTS.acknowledged : EVENTS.refused,
      dispatchId: row.dispatch_id,
      consignmentId: row.id,
      details,
    },
  }
}

const statedBy = ({ fingerprint, time, value }: ReceiverSignature, statement: string) => ({
  fingerprint,
  time,
  value,
  statement,
})
