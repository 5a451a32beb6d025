import { ClientError } from '../../libs/client/index.ts'
import { isBusError } from '../../libs/errors/index.ts'
import { crashPoint } from '../../libs/runtime/index.ts'
import { asciiText, type ReceivedItem } from '../../libs/vxp/index.ts'
import type { Bridge } from './bridge.ts'
import type { KeptPacket } from './bridge-state.ts'
import { axisRefusal, upstreamRefusal } from './judge-failure.ts'

/** Characters of a reason that the header of a status carries. */
const MAX_REASON = 400

/** How far a packet of the other axis has come; each step is on disk before the next. */
export interface Arrival {
  readonly item: ReceivedItem
  readonly packet: KeptPacket
  /** What our axis said: the dispatch it became, or why not. */
  readonly accepted?: string
  readonly refused?: string
}

/**
 * Brings one packet from the list of the other axis to our mailboxes: its bytes are kept here, given to our axis for its recipient alone,
 * and only when our axis answered is the other one told `done`, or `fail` with the reason. Our axis answers the same bytes for the same
 * recipient with the first receipt, so that everything may be repeated. @throws what cannot be done now
 */
export async function bringIn(bridge: Bridge, item: ReceivedItem): Promise<void> {
  const { state } = bridge
  const known = await state.read<Arrival>('in', item.docId)
  const kept = known ?? (await fetchArrival(bridge, item))
  if (!kept) return
  await tell(bridge, kept.accepted === undefined && kept.refused === undefined ? await submit(bridge, kept) : kept)
}

async function fetchArrival(bridge: Bridge, item: ReceivedItem): Promise<Arrival | undefined> {
  const { upstream, state, signal, log, maxPacketBytes } = bridge
  try {
    await upstream.updateStatus(item.docId, 'processing', undefined, { signal })
    let packet: KeptPacket | undefined
    await upstream.fetchPacket(
      item.docId,
      async (content) => {
        packet = await state.keepPacket('in', item.docId, content, maxPacketBytes)
      },
      { signal },
    )
    const arrival: Arrival = { item, packet: packet as unknown as KeptPacket }
    await state.write('in', item.docId, arrival)
    crashPoint('bridge-fetched')
    return arrival
  } catch (error) {
    const refusal = upstreamRefusal(error)
    if (!refusal) throw error
    // Taken back, or ended by somebody else meanwhile: it is listed no more, or again.
    log.warn(
      { docId: item.docId, code: refusal.code, reason: refusal.text },
      'the other axis does not give out what it lists',
    )
    return undefined
  }
}

async function submit(bridge: Bridge, arrival: Arrival): Promise<Arrival> {
  const { axis, state, signal, log } = bridge
  const { item } = arrival
  let judged: Arrival
  try {
    const { dispatch, repeated } = await axis.submit(
      {
        packet: state.packetFile('in', item.docId),
        idempotencyKey: `vxp-${item.docId}`,
        ...(item.kind === 'document' ? { recipients: [item.to] } : {}),
      },
      { signal },
    )
    log.info({ docId: item.docId, dispatchId: dispatch, repeated }, 'brought in')
    crashPoint('bridge-accepted')
    judged = { ...arrival, accepted: dispatch }
  } catch (error) {
    const fault = axisRefusal(error)
    if (!fault) throw error
    if (fault.code === 'LT_SUB_KEY_REUSED') {
      // It was accepted before; since then the other axis wrote the packet anew, and our memory of it was lost.
      judged = { ...arrival, accepted: String(fault.params?.dispatchId ?? fault.code) }
    } else {
      log.warn({ docId: item.docId, code: fault.code }, 'our axis refuses what the other one sent')
      judged = { ...arrival, refused: `${fault.code}: ${fault.texts.vi.title}` }
    }
  }
  await state.write('in', item.docId, judged)
  return judged
}

async function tell(bridge: Bridge, { item, refused }: Arrival): Promise<void> {
  const { upstream, state, signal, log } = bridge
  try {
    if (refused === undefined) await upstream.updateStatus(item.docId, 'done', undefined, { signal })
    else await upstream.updateStatus(item.docId, 'fail', asciiText(refused, MAX_REASON), { signal })
  } catch (error) {
    const refusal = upstreamRefusal(error)
    if (!refusal) throw error
    log.warn(
      { docId: item.docId, code: refusal.code, reason: refusal.text },
      'the other axis does not take our word for it',
    )
  }
  crashPoint('bridge-told')
  await state.remove('in', item.docId)
}

/** Errors after which the packet is tried again, in words for the log. */
export const failureOf = (error: unknown): object =>
  error instanceof ClientError || isBusError(error) ? { code: error.code } : { err: error }
