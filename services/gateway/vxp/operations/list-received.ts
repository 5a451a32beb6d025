import { wireTimestamp } from '../../../../libs/envelope/index.ts'
import { countReceived, listReceived, type ReceivedRow } from '../../../../libs/store/index.ts'
import type { DoorCall, Operation } from '../door.ts'
import { readTime } from '../read-times.ts'

const PAGE = 500
/** So far into a list a page may lie. */
const MAX_OFFSET = 200_000

/** `getReceivedEdocList`: what was never fetched, oldest first, then what was fetched and not acknowledged. */
export const listReceivedPackets: Operation = {
  method: 'POST',
  failure: { data: [] },
  async run({ parameters, system }, { gateway }) {
    gateway.seen.notePoll(system.id)
    const limit = Math.min(PAGE, whole(parameters.get('pageSize')) || PAGE)
    const page = Math.max(1, whole(parameters.get('pageIndex')))
    const [from, until] = [readTime(parameters.get('fromDate')), readTime(parameters.get('toDate'), true)]
    const rows = await listReceived(gateway.pool, gateway.registry.agenciesOf(system.code), {
      kind: kindOf(parameters),
      floor: gateway.mailboxFloor(),
      limit,
      // Clients that count from 0 see the first page twice, and miss nothing.
      offset: Math.min(MAX_OFFSET, (page - 1) * limit),
      ...(from ? { from } : {}),
      ...(until ? { until } : {}),
    })
    return { data: rows.map(describeReceived) }
  },
}

/** `countReceiveEdoc` and `countReceiveStatus`: how many the list has in all. */
export function countReceivedPackets(kind: 'document' | 'status'): Operation {
  return {
    method: 'POST',
    failure: { count: 0 },
    async run({ system }, { gateway }) {
      const agencies = gateway.registry.agenciesOf(system.code)
      return { count: await countReceived(gateway.pool, agencies, { kind, floor: gateway.mailboxFloor() }) }
    },
  }
}

/** Which of the two lists is meant; documents unless told. */
export const kindOf = (parameters: DoorCall['parameters']): 'document' | 'status' =>
  parameters.get('messagetype')?.trim().toLowerCase() === 'status' ? 'status' : 'document'

export const messageTypeOf = (kind: string): string => (kind === 'status' ? 'status' : 'edoc')

/** 0 for what is no number: a page that cannot be read is no reason to fail. */
const whole = (text: string | undefined): number => (/^\s*\d{1,6}\s*$/.test(text ?? '') ? Number(text) : 0)

function describeReceived(row: ReceivedRow): object {
  const [status, status_desc] = row.lease_until === null ? ['initial', 'Cho nhan'] : ['processing', 'Dang xu ly']
  return {
    docId: row.id,
    serviceType: 'eDoc',
    messageType: messageTypeOf(row.kind),
    created_time: wireTimestamp(row.available_at),
    updated_time: wireTimestamp(row.lease_until ?? row.available_at),
    from: row.sender_code,
    to: row.receiver,
    status,
    status_desc,
  }
}
